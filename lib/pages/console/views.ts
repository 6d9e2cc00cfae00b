import { copyOf, element } from "../shared/element.ts";

const shown = new WeakMap<Element, string>();

/**
 * Replaces the content when it has changed. Otherwise the reader's open, focused and selected parts stay.
 * @param key equal for equal content only
 */
export function show(host: Element, key: unknown, make: () => readonly Node[]): void {
  const text = JSON.stringify(key) ?? "";
  if (shown.get(host) === text) return;
  shown.set(host, text);
  host.replaceChildren(...make());
}

/**
 * A view of each item: a copy of the template, made once for the item's key and filled at every reading.
 * @param otherwise the text when there is no item
 */
export function keyedViews<Item>(
  host: HTMLElement,
  template: string,
  keyOf: (item: Item) => string,
  fill: (view: HTMLElement, item: Item, now: number) => void,
  otherwise: string,
): (items: readonly Item[], now: number) => void {
  let views: HTMLElement[] = [];
  return (items, now) => {
    show(host, items.map(keyOf), () => {
      views = items.map(() => copyOf(template));
      return views.length === 0 ? [element("p", {}, otherwise)] : views;
    });
    views.forEach((view, index) => {
      const item = items[index];
      if (item !== undefined) fill(view, item, now);
    });
  };
}

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
