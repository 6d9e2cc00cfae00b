import type { MorningMeasures } from "./morning-measures.ts";

const [WIDTH, LEFT, RIGHT, TOP, HEIGHT] = [480, 46, 12, 52, 250];
const LINE = 20;
const SECOND = 1_000;
/** The axis is logarithmic, from half a second to a day. */
const [FROM, TO] = [0.5 * SECOND, 86_400 * SECOND];
const ticks: [number, string][] = [
  [1, "1 s"],
  [10, "10 s"],
  [60, "1 min"],
  [600, "10 min"],
  [3_600, "1 h"],
  [36_000, "10 h"],
];

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 14px; }
.grid { stroke: #d1d9e0; } .goal { stroke: #59636e; stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 2.5; }
.c0 { stroke: #bc4c00; } .c1 { stroke: #0969da; } .c2 { stroke: #8250df; } .c3 { stroke: #1a7f37; }
.c4 { stroke: #cf222e; } .c5 { stroke: #59636e; } .c6 { stroke: #9a6700; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .grid { stroke: #3d444d; } .goal { stroke: #b3bac2; }
  .c0 { stroke: #db6d28; } .c1 { stroke: #4493f8; } .c2 { stroke: #ab7df8; } .c3 { stroke: #3fb950; }
  .c4 { stroke: #f85149; } .c5 { stroke: #9198a1; } .c6 { stroke: #d29922; }
}
</style>`;
/** Lines are told apart without colours too. */
const dashes = ["", "8 3", "2 3", "12 3 2 3", "", "5 5", "1 4"];

const xOf = (ms: number) => {
  const share = Math.log(Math.max(ms, FROM) / FROM) / Math.log(TO / FROM);
  return Math.round(10 * (LEFT + share * (WIDTH - LEFT - RIGHT))) / 10;
};
const yOf = (share: number) => Math.round(10 * (TOP + (1 - share) * HEIGHT)) / 10;

/** How many users have their overview after how long: a line for each case. */
export function plotOf(all: readonly MorningMeasures[]): string {
  const height = TOP + HEIGHT + 52 + LINE * all.length;
  const horizontal = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${yOf(share)}" y2="${yOf(share)}"/>` +
      `<text x="${LEFT - 6}" y="${yOf(share) + 4}" text-anchor="end">${100 * share} %</text>`,
  );
  const vertical = ticks.map(
    ([seconds, name]) =>
      `<line class="grid" x1="${xOf(seconds * SECOND)}" x2="${xOf(seconds * SECOND)}" y1="${TOP}" y2="${TOP + HEIGHT}"/>` +
      `<text x="${xOf(seconds * SECOND)}" y="${TOP + HEIGHT + 18}" text-anchor="middle">${name}</text>`,
  );
  const goalX = xOf(2 * SECOND);
  const goal =
    `<line class="goal" x1="${goalX}" x2="${goalX}" y1="${TOP - 6}" y2="${TOP + HEIGHT}"/>` +
    `<text x="${goalX}" y="${TOP - 10}" text-anchor="middle">2 s</text>`;
  const lines = all.map(({ waits }, n) => `<path class="line c${n}"${dashOf(n)} d="${pathOf(waits)}"/>`);
  const legend = all.map(({ name }, n) => {
    const y = TOP + HEIGHT + 44 + LINE * n;
    return (
      `<line class="line c${n}"${dashOf(n)} x1="${LEFT}" x2="${LEFT + 40}" y1="${y}" y2="${y}"/>` +
      `<text x="${LEFT + 50}" y="${y + 4}">${name}</text>`
    );
  });
  const title = "Users served, by the time since they opened the app";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    style,
    `<text class="title" x="4" y="20">${title}</text>`,
    ...horizontal,
    ...vertical,
    goal,
    ...lines,
    ...legend,
    "</svg>\n",
  ].join("\n");
}

const dashOf = (n: number) => (dashes[n] ? ` stroke-dasharray="${dashes[n]}"` : "");

/** A point for each per cent of the users. */
function pathOf(waits: readonly number[]): string {
  const sorted = waits.filter(Number.isFinite).toSorted((a, b) => a - b);
  const points = Array.from({ length: 101 }, (_, percent) => {
    const count = Math.ceil((percent / 100) * waits.length);
    const wait = sorted[Math.max(0, count - 1)];
    return wait === undefined || count > sorted.length ? undefined : `${xOf(wait)} ${yOf(percent / 100)}`;
  }).filter((point) => point !== undefined);
  return `M${points.join("L")}`;
}
