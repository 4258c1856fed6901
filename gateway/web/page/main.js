// The page: which view is shown, the token, and how the connection is doing.

import { Link } from "./link.js";
import { h, said } from "./dom.js";
import { runsView } from "./runs_view.js";
import { newView } from "./new_view.js";
import { runView } from "./run_view.js";
import { reportView } from "./report_view.js";

const tokenKey = "actor-shell.token";
const main = document.getElementById("main");
const shownLink = document.getElementById("link");
const notice = document.getElementById("notice");
const forget = document.getElementById("forget");

let leave = () => {};

const link = new Link((state, text) => {
  shownLink.dataset.state = state;
  shownLink.textContent = text;
  if (state === "refused") askForToken(text);
});

const routes = [
  [/^#\/?$/, runsView],
  [/^#\/new$/, newView],
  [/^#\/runs\/([0-9a-f-]{36})$/, runView],
  [/^#\/runs\/([0-9a-f-]{36})\/report$/, reportView],
];

/** What a view may use; each view returns a function that ends it. */
const page = {
  link,
  go: (hash) => {
    location.hash = hash;
  },
  complain: (problem) => {
    notice.textContent = problem ? said(problem) : "";
  },
};

function route() {
  if (!sessionStorage.getItem(tokenKey)) return;
  leave();
  page.complain(null);
  const found = routes
    .map(([pattern, view]) => [
      location.hash.match(pattern) ?? (location.hash === "" && view === runsView ? [""] : null),
      view,
    ])
    .find(([match]) => match);
  main.replaceChildren();
  leave = found ? (found[1](main, page, found[0][1]) ?? (() => {})) : notFound();
  for (const each of document.querySelectorAll("nav a"))
    each.toggleAttribute("aria-current", each.getAttribute("href") === (location.hash || "#/"));
  document.title = `${main.querySelector("h1")?.textContent ?? "actor-shell"} · actor-shell`;
}

function notFound() {
  main.append(h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "#/" }, "All runs")));
  return () => {};
}

function askForToken(why) {
  leave();
  leave = () => {};
  sessionStorage.removeItem(tokenKey);
  forget.hidden = true;
  const input = h("input", {
    type: "password",
    id: "token",
    name: "token",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
  });
  main.replaceChildren(
    h("h1", {}, "Connect"),
    why ? h("p", { class: "error", role: "alert" }, why) : "",
    h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          const token = input.value.trim();
          if (token) begin(token);
        },
      },
      h("label", { for: "token" }, "The server's token", input),
      h(
        "p",
        { class: "faint small" },
        "It is in the file token of the server's data directory, and stays here while this tab is open.",
      ),
      h("div", { class: "buttons" }, h("button", { type: "submit", class: "main" }, "Connect")),
    ),
  );
  input.focus();
}

function begin(token) {
  sessionStorage.setItem(tokenKey, token);
  forget.hidden = false;
  link.open(token);
  route();
}

forget.addEventListener("click", () => {
  link.close();
  askForToken("");
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  route();
  if (sessionStorage.getItem(tokenKey)) main.focus();
});

const token = sessionStorage.getItem(tokenKey);
if (token) begin(token);
else askForToken("");
