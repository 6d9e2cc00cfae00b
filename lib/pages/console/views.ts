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
 * @param otherwise the text when there is no item; without items nothing is known, and nothing is shown
 */
export function keyedViews<Item>(
  host: HTMLElement,
  template: string,
  keyOf: (item: Item) => string,
  fill: (view: HTMLElement, item: Item, now: number) => void,
  otherwise: string,
): (items: readonly Item[] | undefined, now: number) => void {
  let views: HTMLElement[] = [];
  return (items, now) => {
    show(host, items?.map(keyOf), () => {
      if (items === undefined) return [];
      views = items.map(() => copyOf(template));
      return views.length === 0 ? [element("p", {}, otherwise)] : views;
    });
    views.forEach((view, index) => {
      const item = items?.[index];
      if (item !== undefined) fill(view, item, now);
    });
  };
}

type Cell = Node | string;

/**
 * A table. On narrow screens each row is a list of its columns; the roles keep it a table for screen readers.
 * @param caption for screen readers
 */
export function table(caption: string, columns: readonly string[], rows: readonly (readonly Cell[])[]) {
  const row = (...cells: Node[]) => element("tr", { role: "row" }, ...cells);
  const head = row(...columns.map((name) => element("th", { scope: "col", role: "columnheader" }, name)));
  const cellOf = (cell: Cell, index: number) =>
    element("td", { role: "cell", "data-column": columns[index] ?? "" }, cell);
  const body = rows.map((cells) => row(...cells.map(cellOf)));
  return element(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    element(
      "table",
      { role: "table" },
      element("caption", { class: "unseen" }, caption),
      element("thead", { role: "rowgroup" }, head),
      element("tbody", { role: "rowgroup" }, ...body),
    ),
  );
}

/** Text with `code` between backticks, as problems have it. */
export function withCode(text: string): Node[] {
  const parts = text.split(/`([^`]*)`/);
  return parts.map((each, index) =>
    index % 2 === 1 ? element("code", {}, each) : document.createTextNode(each),
  );
}

/** A problem's code, with a link to its entry in the catalogue if it has one. */
export function problemLink(code: string, isListed = true): Node {
  const text = element("code", {}, code);
  return isListed ? element("a", { href: `/docs/errors#${code}` }, text) : text;
}

/** Where the page on an alarm is: a link, or a path in the repository when RUNBOOKS_URL has no address. */
export function runbook(alarm: string): Node {
  const base = document.querySelector('meta[name="runbooks"]')?.getAttribute("content") ?? "";
  const address = `${base}/${alarm}.md`;
  const named = base.startsWith("http")
    ? element("a", { href: address }, `runbook ${alarm}`)
    : element("code", {}, address);
  return element("span", { class: "quiet" }, " ", named);
}
