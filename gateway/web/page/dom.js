// Elements from plain values. Whatever comes from a model, a repository or a person becomes text:
// this page never parses markup.

/** An element: `properties` become attributes, `on…` listeners; null and false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined));
  return element;
}

/** Replaces what is in `place` only where `signature` differs from the last time. */
export function show(place, signature, make) {
  const text = JSON.stringify(signature);
  if (place.shownAs === text) return;
  place.shownAs = text;
  place.replaceChildren(...[make()].flat(Infinity).filter((each) => each !== null));
}

/** A list of names and values. */
export function facts(rows) {
  const shown = rows.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return h(
    "dl",
    { class: "facts" },
    shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

export function stateOf(state) {
  return h("span", { class: "state", "data-state": state }, (state ?? "").replaceAll("_", " "));
}

/** `2026-11-21T12:00:00.000000Z` as this reader's own time. */
export function when(iso) {
  if (!iso) return "";
  return h("time", { datetime: iso }, new Date(iso).toLocaleString());
}

export function dollars(text) {
  return text === undefined || text === null || text === "" ? "" : `$${text}`;
}

/** A problem that the server told, in one line. */
export function said(problem) {
  const text = problem?.detail ?? problem?.message ?? String(problem);
  return problem?.code ? `${text} (${problem.code})` : text;
}
