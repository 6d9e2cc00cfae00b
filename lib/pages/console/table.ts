import { element } from "../shared/element.ts";

type Cell = Node | string;

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

/** A problem's code, with a link to its entry in the catalogue. */
export function problemLink(code: string, content: Cell = code): Node {
  return element("a", { href: `/docs/errors#${code}` }, content);
}
