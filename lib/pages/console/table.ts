import { element } from "../shared/element.ts";

export type Cell = Node | string;

/**
 * A table with its own horizontal scrolling on narrow screens, by keyboard too.
 * @param caption for screen readers
 */
export function table(caption: string, columns: readonly string[], rows: readonly (readonly Cell[])[]) {
  const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "unseen" }, caption),
      element("thead", {}, head),
      element("tbody", {}, ...body),
    ),
  );
}

const shown = new WeakMap<Element, string>();

/**
 * Replaces the content when it has changed. Otherwise what a reader has opened, focused or selected stays.
 * @param key equal exactly when the content is
 */
export function show(host: Element, key: unknown, make: () => readonly (Node | undefined)[]): void {
  const text = JSON.stringify(key) ?? "";
  if (shown.get(host) === text) return;
  shown.set(host, text);
  host.replaceChildren(...make().filter((child) => child !== undefined));
}
