import { svg } from "../shared/element.ts";
import { type Sample, spanMs } from "./samples.ts";

const WIDTH = 300;
const HEIGHT = 64;

/**
 * A step chart of a budget's remaining calls, with its pauses behind them.
 * @param label the same in words
 */
export function budgetChart(
  samples: readonly Sample[],
  limit: number,
  now: number,
  label: string,
): SVGSVGElement {
  const span = spanMs(samples, now);
  const x = (at: number) => round(Math.min(1, Math.max(0, 1 - (now - at) / span)) * WIDTH);
  const y = (remaining: number) =>
    round(2 + (1 - Math.min(1, remaining / Math.max(1, limit))) * (HEIGHT - 4));
  const steps = samples.flatMap(({ at, remaining }, index) => {
    const until = samples[index + 1]?.at ?? now;
    return [`${x(at)} ${y(remaining)}`, `${x(until)} ${y(remaining)}`];
  });
  const pauses = samples.flatMap(({ at, isPaused }, index) => {
    if (!isPaused) return [];
    const [from, to] = [x(at), x(samples[index + 1]?.at ?? now)];
    const width = Math.max(1, to - from);
    return [svg("rect", { class: "paused", x: from, y: 0, width, height: HEIGHT })];
  });
  const first = samples[0];
  const area = first && `M${x(first.at)} ${HEIGHT} L${steps.join(" L")} L${x(now)} ${HEIGHT} Z`;
  return svg(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    ...pauses,
    svg("line", { class: "top-line", x1: 0, y1: 2, x2: WIDTH, y2: 2 }),
    area && svg("path", { class: "area", d: area }),
    area && svg("path", { class: "line", d: `M${steps.join(" L")}` }),
  );
}

const round = (value: number) => Math.round(value * 10) / 10;
