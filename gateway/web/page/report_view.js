// The report of a run, as its Markdown text.

import { h } from "./dom.js";

export function reportView(main, page, run) {
  const text = h("pre", { class: "report", tabindex: "0", "aria-label": "The report" }, "Loading…");
  let isAlive = true;
  main.append(
    h("h1", {}, "Report"),
    h("p", {}, h("a", { href: `#/runs/${run}` }, "Back to the run")),
    text,
  );
  page.link.get(`/api/v1/runs/${run}/report`, { format: "markdown" }).then(
    (report) => {
      if (isAlive) text.textContent = report;
    },
    (problem) => {
      if (!isAlive) return;
      text.textContent = "There is no report.";
      page.complain(problem);
    },
  );
  return () => {
    isAlive = false;
  };
}
