import { element } from "../shared/element.ts";

const shown = new WeakMap<Element, string>();

/**
 * Replaces the content when it has changed. Otherwise the reader's open, focused and selected parts stay.
 * @param key equal for equal content only
 */
export function show(host: Element, key: unknown, make: () => readonly (Node | undefined)[]): void {
  const text = JSON.stringify(key) ?? "";
  if (shown.get(host) === text) return;
  shown.set(host, text);
  host.replaceChildren(...make().filter((child) => child !== undefined));
}

/**
 * A view of each item: made once for its key, then filled at every reading.
 * @param otherwise the text when there is no item
 */
export function keyedViews<Item, View extends { root: HTMLElement }>(
  host: HTMLElement,
  keyOf: (item: Item) => string,
  make: (key: string) => View,
  fill: (view: View, item: Item, now: number) => void,
  otherwise: string,
): (items: readonly Item[], now: number) => void {
  let views: View[] = [];
  return (items, now) => {
    const keys = items.map(keyOf);
    show(host, keys, () => {
      views = keys.map(make);
      return views.length === 0 ? [element("p", {}, otherwise)] : views.map(({ root }) => root);
    });
    views.forEach((view, index) => {
      const item = items[index];
      if (item !== undefined) fill(view, item, now);
    });
  };
}
