// Starting a run: the workflow, where it works, what is wanted, and who does it.

import { h, said } from "./dom.js";

export function newView(main, page) {
  const problems = h("p", { class: "error", role: "alert" });
  const workflow = h("select", { id: "workflow", name: "workflow", required: true });
  const roles = h("fieldset", { hidden: true }, h("legend", {}, "Who does it"));
  const repository = h("input", {
    id: "repository",
    name: "repository",
    required: true,
    pattern: "/.*",
    placeholder: "/home/me/project",
    autocomplete: "off",
    spellcheck: "false",
  });
  const base = h("input", {
    id: "base",
    name: "base",
    value: "main",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
  });
  const requirements = h("textarea", { id: "requirements", name: "requirements", required: true });
  const model = h("input", {
    id: "model",
    name: "model",
    placeholder: "provider:model",
    autocomplete: "off",
    spellcheck: "false",
  });
  const budget = h("input", {
    id: "budget",
    name: "budget",
    inputmode: "decimal",
    pattern: "[0-9]+(\\.[0-9]{1,12})?",
    placeholder: "1.50",
    autocomplete: "off",
  });
  const submit = h("button", { type: "submit", class: "main" }, "Start the run");
  let workflows = [];
  let personas = [];
  let isAlive = true;

  main.append(
    h("h1", {}, "Start a run"),
    h(
      "form",
      { onsubmit: start },
      h("label", { for: "workflow" }, "Workflow", workflow),
      h("label", { for: "repository" }, "Repository (an absolute path on the server)", repository),
      h("label", { for: "base" }, "Base branch", base),
      h("label", { for: "requirements" }, "Requirements", requirements),
      h("label", { for: "model" }, "Model (instead of each persona's own)", model),
      h("label", { for: "budget" }, "Budget in dollars", budget),
      roles,
      problems,
      h("div", { class: "buttons" }, submit),
    ),
  );
  workflow.addEventListener("change", showRoles);
  load();

  async function load() {
    try {
      const [found, people] = await Promise.all([
        page.link.get("/api/v1/workflows"),
        page.link.get("/api/v1/personas"),
      ]);
      if (!isAlive) return;
      workflows = found.items;
      personas = people.items;
      workflow.replaceChildren(
        ...workflows.map((each) =>
          h("option", { value: each.id }, each.title ? `${each.title} (${each.id})` : each.id),
        ),
      );
      showRoles();
    } catch (problem) {
      if (isAlive) page.complain(problem);
    }
  }

  function showRoles() {
    const chosen = workflows.find((each) => each.id === workflow.value);
    roles.hidden = !chosen;
    roles.replaceChildren(
      h("legend", {}, "Who does it"),
      ...(chosen?.roles ?? []).map((role) => {
        const wanted = role.required_capabilities ?? [];
        const fit = personas.filter((each) =>
          wanted.every((one) => each.capabilities?.includes(one)),
        );
        const id = `role-${role.name}`;
        return h(
          "label",
          { for: id },
          role.name,
          h(
            "select",
            { id, "data-role": role.name },
            h("option", { value: "" }, "chosen by the server"),
            fit.map((each) => h("option", { value: each.id }, `${each.id} (${each.model})`)),
          ),
        );
      }),
    );
  }

  async function start(event) {
    event.preventDefault();
    problems.textContent = "";
    submit.disabled = true;
    const asked = {
      workflow: workflow.value,
      repository: repository.value.trim(),
      base_branch: base.value.trim(),
      requirements: requirements.value,
    };
    if (model.value.trim()) asked.model = model.value.trim();
    if (budget.value.trim()) asked.budget_usd = budget.value.trim();
    const bindings = [...roles.querySelectorAll("select")]
      .filter((each) => each.value)
      .map((each) => [each.dataset.role, each.value]);
    if (bindings.length > 0) asked.bindings = Object.fromEntries(bindings);
    try {
      const { run } = await page.link.post("/api/v1/runs", asked);
      page.go(`#/runs/${run}`);
    } catch (problem) {
      problems.textContent = said(problem);
    } finally {
      submit.disabled = false;
    }
  }

  return () => {
    isAlive = false;
  };
}
