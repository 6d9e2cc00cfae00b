import { svg } from "../shared/element.ts";

interface Bar {
  /** From 0 to 1. */
  height: number;
  title: string;
  /** Drawn in the colour of troubles. */
  isBad?: boolean;
}

const SLOT = 6;
const HEIGHT = 64;

/**
 * A bar for each step of time, the oldest first; `undefined` leaves a step empty. By hand, because a chart library such as
 * uPlot draws on a canvas, which follows neither the colour scheme nor a screen reader, and is larger than the whole page.
 * @param label the same in words
 */
export function bars(steps: readonly (Bar | undefined)[], label: string): SVGSVGElement {
  const width = steps.length * SLOT;
  const drawn = steps.map((bar, index) => {
    if (bar === undefined) return undefined;
    const height = Math.max(2, Math.min(1, bar.height) * (HEIGHT - 2));
    const place = { x: index * SLOT, y: HEIGHT - height, width: SLOT - 1, height };
    return svg("rect", { class: bar.isBad ? "bad-bar" : "bar", ...place }, svg("title", {}, bar.title));
  });
  const viewBox = `0 0 ${width} ${HEIGHT}`;
  const top = svg("line", { class: "top-line", x1: 0, y1: 1, x2: width, y2: 1 });
  const role = { role: "img", "aria-label": label };
  return svg("svg", { class: "chart", viewBox, preserveAspectRatio: "none", ...role }, top, ...drawn);
}
