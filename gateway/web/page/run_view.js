// One run, live: folded from its events as they come, and what a person may do about it.

import { dollars, facts, h, show, stateOf, when } from "./dom.js";
import { isOver, newRun, openApprovals, spentText, take } from "./run_state.js";

const mostShown = 65_536;

export function runView(main, page, id) {
  let run = newRun();
  let isCaughtUp = false;
  let waitsForFrame = false;
  const title = h("h1", {}, `Run ${id.slice(0, 8)}`);
  const head = h("section", { "aria-label": "Summary" });
  const progress = h("p", { class: "small faint", id: "progress" });
  const approvals = h("section", { "aria-label": "Approvals" });
  const actions = h("div", { class: "buttons" });
  const phases = h("div", {});
  const events = h("ol", { class: "plain timeline small", "data-list": "events" });
  const cards = new Map();
  main.append(
    title,
    head,
    actions,
    progress,
    approvals,
    h("h2", {}, "Phases"),
    phases,
    h("details", {}, h("summary", {}, "Latest events"), events),
  );

  const end = page.link.follow(`run/${id}`, {
    event: (event) => {
      take(run, event);
      draw();
    },
    restart: () => {
      run = newRun();
      cards.clear();
      phases.replaceChildren();
      draw();
    },
    caughtUp: () => {
      isCaughtUp = true;
      draw();
    },
    closed: (frame) => {
      if (frame.code !== "feed.closed") page.complain({ detail: frame.reason, code: frame.code });
      isCaughtUp = true;
      draw();
    },
  });

  /** Once a frame of the screen, however many events came. */
  function draw() {
    if (waitsForFrame) return;
    waitsForFrame = true;
    requestAnimationFrame(() => {
      waitsForFrame = false;
      drawHead();
      drawActions();
      drawApprovals();
      run.phases.forEach(drawPhase);
      drawEvents();
      progress.textContent = `${run.events} events, up to position ${run.position}${isCaughtUp ? "" : "; catching up…"}`;
    });
  }

  function drawHead() {
    const tokens = `${run.tokens.input} in, ${run.tokens.output} out`;
    const done = `${run.phases.filter((each) => each.state === "completed").length} of ${run.planned.length}`;
    show(head, [run.state, run.message, run.code, spentText(run), tokens, done, run.branch], () => [
      h(
        "p",
        { id: "state" },
        stateOf(run.state),
        run.message ? ` ${run.message}${run.code ? ` (${run.code})` : ""}` : "",
      ),
      facts([
        ["Workflow", run.workflow],
        ["Repository", run.repository],
        ["Branch", run.branch],
        ["Phases", done],
        ["Cost", dollars(spentText(run))],
        ["Tokens", tokens],
      ]),
      h("details", {}, h("summary", {}, "Requirements"), h("pre", {}, run.requirements)),
    ]);
  }

  async function act(button, path, body) {
    button.disabled = true;
    try {
      await page.link.post(path, body);
      page.complain(null);
    } catch (problem) {
      page.complain(problem);
    } finally {
      button.disabled = false;
    }
  }

  function drawActions() {
    show(actions, [run.state, run.reportReady], () => {
      const made = [];
      if (run.state === "interrupted") made.push(...resumeControls());
      if (run.state && !isOver(run)) made.push(abortButton());
      if (run.reportReady)
        made.push(h("a", { href: `#/runs/${id}/report`, id: "report" }, "Open the report"));
      return made;
    });
  }

  /** A run that its budget stopped needs a larger one to go on. */
  function resumeControls() {
    const budget = h("input", { id: "cap", inputmode: "decimal", placeholder: "as it was" });
    const resume = h("button", { type: "button", class: "main" }, "Resume");
    resume.addEventListener("click", () => {
      const cap = budget.value.trim();
      act(resume, `/api/v1/runs/${id}/resume`, cap ? { budget_usd: cap } : {});
    });
    return [h("label", { for: "cap" }, "Budget in dollars from now on", budget), resume];
  }

  /** Asks once more, in place: what is aborted stays aborted. */
  function abortButton() {
    const button = h("button", { type: "button", class: "danger" }, "Abort");
    button.addEventListener("click", () => {
      if (button.dataset.sure)
        return act(button, `/api/v1/runs/${id}/abort`, { reason: "asked for on the page" });
      button.dataset.sure = "1";
      button.textContent = "Abort: really?";
    });
    button.addEventListener("blur", () => {
      delete button.dataset.sure;
      button.textContent = "Abort";
    });
    return button;
  }

  /// What is to be approved. A long text is not in the event, and read when somebody wants to see it.
  function contentOf({ text: short, sha256, size }) {
    if (!sha256) return "";
    const text = h("pre", {}, short ?? "");
    const all = h("details", {}, h("summary", {}, `All of it (${size} bytes)`), text);
    all.addEventListener("toggle", () => {
      if (!all.open || text.textContent) return;
      page.link.get(`/api/v1/blobs/${sha256}`).then(
        (whole) => {
          text.textContent =
            whole.length > mostShown ? `${whole.slice(0, mostShown)}\n… of ${size} bytes` : whole;
        },
        page.complain,
      );
    });
    return all;
  }

  function drawApprovals() {
    const open = openApprovals(run);
    show(approvals, open, () =>
      open.map((each) => {
        const comment = h("textarea", { id: `comment-${each.id}` });
        const decide = (decision) => (event) =>
          act(event.currentTarget, `/api/v1/approvals/${each.id}/decision`, {
            decision,
            comment: comment.value,
          });
        return h(
          "div",
          { class: "card", "data-approval": each.id },
          h("h2", {}, "Waiting for you"),
          h(
            "p",
            {},
            each.phase ? `${each.phase}: ` : "",
            `${each.kind} ${each.subject}`,
            each.round > 1 ? `, round ${each.round}` : "",
            Number(each.amount) > 0 ? `, may cost ${dollars(each.amount)}` : "",
          ),
          each.question ? h("p", { class: "question" }, each.question) : "",
          contentOf(each.content),
          h("label", { for: `comment-${each.id}` }, "Comment", comment),
          h(
            "div",
            { class: "buttons" },
            h("button", { type: "button", class: "main", onclick: decide("approve") }, "Approve"),
            h("button", { type: "button", onclick: decide("request_changes") }, "Ask for changes"),
            h("button", { type: "button", class: "danger", onclick: decide("reject") }, "Reject"),
          ),
        );
      }),
    );
  }

  function drawPhase(phase) {
    let card = cards.get(phase);
    if (!card) {
      card = {
        heading: h("div", { class: "spread" }),
        about: h("div", {}),
        items: h("ol", { class: "plain timeline" }),
        drawn: [],
      };
      cards.set(phase, card);
      phases.append(h("article", { class: "card" }, card.heading, card.about, card.items));
    }
    if (card.revision === phase.revision) return;
    card.revision = phase.revision;
    show(card.heading, [phase.state, phase.cost], () => [
      h("h3", {}, phase.key, phase.attempt > 1 ? ` (attempt ${phase.attempt})` : ""),
      h("span", {}, stateOf(phase.state), phase.cost ? ` ${dollars(phase.cost)}` : ""),
    ]);
    show(card.about, [phase.persona, phase.summary], () => [
      h("p", { class: "small faint" }, [phase.role, phase.persona].filter(Boolean).join(", ")),
      phase.summary ? h("p", {}, phase.summary) : null,
    ]);
    phase.items.forEach((item, index) => drawItem(card, item, index));
  }

  /** Items only change in place, so that what a reader opened stays open. */
  function drawItem(card, item, index) {
    let drawn = card.drawn[index];
    if (!drawn) {
      drawn = { title: h("div", { class: "spread" }), body: h("div", {}) };
      card.drawn[index] = drawn;
      card.items.append(h("li", { "data-kind": item.kind }, drawn.title, drawn.body));
    }
    if (item.kind === "note") return show(drawn.body, item.text, () => h("p", {}, item.text));
    if (item.kind === "call") return drawCall(drawn, item);
    return drawTool(drawn, item);
  }

  function drawCall(drawn, item) {
    show(drawn.title, [item.state, item.cost, item.note], () => [
      h("span", {}, item.model, item.attempt > 1 ? `, attempt ${item.attempt}` : ""),
      h("span", {}, stateOf(item.state), item.cost ? ` ${dollars(item.cost)}` : ""),
    ]);
    show(drawn.body, [item.text, item.note], () => [
      item.text ? h("pre", { tabindex: "0" }, item.text) : null,
      item.note ? h("p", { class: "error small" }, item.note) : null,
    ]);
  }

  function drawTool(drawn, item) {
    show(drawn.title, [item.state, item.note], () => [
      h("span", {}, `tool ${item.name}`),
      h("span", {}, stateOf(item.state), item.note ? ` ${item.note}` : ""),
    ]);
    if (!drawn.result) {
      drawn.result = h("pre", { tabindex: "0" });
      drawn.body.append(
        h(
          "details",
          {},
          h("summary", {}, "Arguments and result"),
          h("pre", { tabindex: "0" }, item.arguments),
          drawn.result,
        ),
      );
    }
    if (drawn.result.textContent !== item.result) drawn.result.textContent = item.result ?? "";
  }

  function drawEvents() {
    if (!events.parentElement.open && events.childElementCount > 0) return;
    show(events, run.position, () =>
      run.recent
        .slice()
        .reverse()
        .map((each) =>
          h(
            "li",
            {},
            `${each.position} ${each.type} `,
            h("span", { class: "faint" }, each.stream),
            " ",
            when(each.at),
          ),
        ),
    );
  }

  events.parentElement.addEventListener("toggle", draw);
  return end;
}
