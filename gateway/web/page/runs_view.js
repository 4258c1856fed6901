// Runs and budgets, kept up to date by the feed of all runs.

import { dollars, facts, h, show, stateOf, when } from "./dom.js";
import { share } from "./money.js";

const pageSize = 25;
const refreshMs = 500;

export function runsView(main, page) {
  const runs = h("div", {});
  const budgets = h("div", {});
  const more = h("button", { type: "button", hidden: true }, "Older runs");
  main.append(
    h(
      "div",
      { class: "spread" },
      h("h1", {}, "Runs"),
      h("p", {}, h("a", { href: "#/new" }, "Start a run")),
    ),
    runs,
    h("div", { class: "buttons" }, more),
    h("h2", {}, "Budgets"),
    budgets,
  );
  let shown = pageSize;
  let timer = 0;
  let isAlive = true;
  let isLoading = false;
  let isStale = false;

  async function load() {
    if (isLoading) {
      isStale = true;
      return;
    }
    isLoading = true;
    isStale = false;
    try {
      const [list, scopes] = await Promise.all([
        page.link.get("/api/v1/runs", { limit: String(shown) }),
        page.link.get("/api/v1/budget/scopes", { limit: "50" }),
      ]);
      if (!isAlive) return;
      show(runs, list.items, () =>
        list.items.length > 0
          ? h("ul", { class: "plain" }, list.items.map(runCard))
          : h("p", { class: "faint" }, "There is no run yet."),
      );
      more.hidden = list.next === null;
      show(budgets, scopes.items, () =>
        scopes.items.length > 0
          ? h("ul", { class: "plain" }, scopes.items.map(scopeCard))
          : h("p", { class: "faint" }, "Nothing was spent yet."),
      );
      page.complain(null);
    } catch (problem) {
      if (isAlive) page.complain(problem);
    } finally {
      isLoading = false;
      if (isStale && isAlive) soon();
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(load, refreshMs);
  }

  more.addEventListener("click", () => {
    shown += pageSize;
    load();
  });
  // Any fact of a run or a budget makes the lists old; what it says, the lists say.
  const watched = ["run", "budget"].map((kind) =>
    page.link.follow(`category/${kind}`, { event: soon, restart: soon, fromNow: true }),
  );
  load();
  return () => {
    isAlive = false;
    clearTimeout(timer);
    watched.forEach((end) => end());
  };
}

function runCard(run) {
  return h(
    "li",
    { class: "card" },
    h(
      "div",
      { class: "spread" },
      h(
        "h2",
        { class: "small" },
        h("a", { href: `#/runs/${run.run}` }, run.run.slice(0, 8)),
        " ",
        run.workflow,
      ),
      stateOf(run.state),
    ),
    h("p", {}, run.requirements?.slice(0, 200) ?? ""),
    facts([
      ["Repository", run.repository],
      ["Phases", `${run.phases_done} of ${run.phases}`],
      ["Cost", dollars(run.cost_usd)],
      ["Started", when(run.started_at)],
    ]),
  );
}

function scopeCard(scope) {
  const settled = scope.settled_usd ?? "0.00";
  const label = `${dollars(settled)} of ${dollars(scope.cap_usd)} settled, ${dollars(scope.reserved_usd)} reserved`;
  return h(
    "li",
    { class: "card" },
    h("div", { class: "spread" }, h("h3", {}, scope.scope), stateOf(scope.state)),
    h("progress", {
      max: "1",
      value: String(share(settled, scope.cap_usd ?? "0")),
      "aria-label": `${scope.scope}: ${label}`,
    }),
    h("p", { class: "small faint" }, label),
  );
}
