import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as echarts from "echarts";
import { projectRoot } from "../../infra/build/bundle.ts";

const WIDTH = 720;
const LINE = 20;
/** The points of a line are drawn when they are few. */
const MOST_SYMBOLS = 12;
const [TEXT, FAINT, GRID] = ["#1f2328", "#59636e", "#d1d9e0"];
const COLOURS = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#cf222e", "#59636e", "#9a6700"];
/** Lines are told apart without colours too. */
const DASHES = ["solid", [8, 3], [2, 3], [12, 3, 2, 3], [5, 5], [1, 4], [16, 4]] as const;
const font = { fontFamily: "system-ui, sans-serif", fontSize: 12, color: TEXT };

interface Axis {
  name: string;
  /** Logarithmic. */
  log?: boolean;
  min?: number;
  max?: number;
  /** Between the axis and its name: more for long numbers on the left. */
  nameGap?: number;
  /** By default where ECharts puts them. */
  ticks?: readonly number[];
  format?: (value: number) => string;
}

interface Mark {
  at: number;
  name: string;
}

export interface BarPlot {
  title: string;
  categories: readonly string[];
  /** The bars of each category, one for each series. */
  series: readonly { name: string; values: readonly number[] }[];
  values: Axis;
  /** One bar for each category, of the series in a row. */
  isStacked?: boolean;
  marks?: readonly Mark[];
}

export interface LinePlot {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly { name: string; points: readonly (readonly [x: number, y: number])[] }[];
  /** Vertical lines. */
  marks?: readonly Mark[];
}

/** Lying bars, the first category at the top. */
export function barPlot({
  title,
  categories,
  series,
  values,
  isStacked = false,
  marks = [],
}: BarPlot): string {
  const bars = isStacked ? 1 : series.length;
  const plotHeight = categories.length * (bars * 16 + 14);
  const last = series.length - 1;
  return render(title, plotHeight, series.length > 1 ? series.length : 0, {
    yAxis: {
      type: "category",
      inverse: true,
      data: [...categories],
      axisLabel: font,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: GRID } },
    },
    xAxis: axisOf(values),
    series: series.map(({ name, values: own }, n) => ({
      type: "bar",
      name,
      data: [...own],
      barWidth: 15,
      barGap: "7%",
      ...(isStacked && { stack: "all" }),
      label: {
        ...font,
        show: !isStacked || n === last,
        position: "right",
        formatter: ({ dataIndex }: { dataIndex: number }) =>
          textOf(values, isStacked ? sumOf(series, dataIndex) : (own[dataIndex] ?? 0)),
      },
      ...(n === 0 && { markLine: markLine(marks, "start") }),
    })),
  });
}

export function linePlot({ title, x, y, series, marks = [] }: LinePlot): string {
  const hasSymbols = Math.max(...series.map(({ points }) => points.length)) <= MOST_SYMBOLS;
  return render(title, 260, series.length, {
    xAxis: axisOf(x),
    yAxis: axisOf(y),
    series: series.map(({ name, points }, n) => ({
      type: "line",
      name,
      data: points.map(([at, value]) => [at, value]),
      symbol: hasSymbols ? "circle" : "none",
      symbolSize: 6,
      lineStyle: { width: 2.5, type: dashOf(n) },
      ...(n === 0 && { markLine: markLine(marks, "end") }),
    })),
  });
}

/** Writes the plot of a section. @returns its link in the page */
export function savePlot(name: string, svg: string, description: string): string {
  writeFileSync(join(projectRoot, "docs/images", `${name}.svg`), svg);
  console.log(`wrote docs/images/${name}.svg`);
  return `![${description}](images/${name}.svg)`;
}

const sumOf = (series: BarPlot["series"], index: number) =>
  series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0);
const textOf = ({ format }: Axis, value: number) => format?.(value) ?? value.toLocaleString("en");
function dashOf(n: number) {
  const dash = DASHES[n % DASHES.length] ?? "solid";
  return dash === "solid" ? dash : [...dash];
}

function axisOf(axis: Axis): object {
  const ticks = axis.ticks && { customValues: [...axis.ticks] };
  return {
    type: axis.log ? "log" : "value",
    name: axis.name,
    nameLocation: "middle",
    nameGap: axis.nameGap ?? 30,
    nameTextStyle: { ...font, color: FAINT },
    min: axis.min,
    max: axis.max,
    axisLabel: { ...font, formatter: (value: number) => textOf(axis, value), ...ticks },
    axisTick: { ...ticks },
    splitLine: { lineStyle: { color: GRID } },
  };
}

/** @param position of the names: an axis that is inverse starts at the top */
function markLine(marks: readonly Mark[], position: "start" | "end"): object {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: FAINT, type: [2, 3] },
    label: { ...font, color: FAINT, position },
    data: marks.map(({ at, name }) => ({ xAxis: at, label: { formatter: name } })),
  };
}

/** On white, because a page's background may be dark. @param legendLines names of the series below the plot, one a line */
function render(title: string, plotHeight: number, legendLines: number, option: object): string {
  const [top, below] = [56, 52];
  const height = top + plotHeight + below + legendLines * LINE;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    color: COLOURS,
    title: { text: title, left: 12, top: 10, textStyle: { ...font, fontSize: 14, fontWeight: 600 } },
    // Without a canvas, widths of long texts are estimated too small.
    grid: { left: 44, right: 64, top, height: plotHeight, containLabel: true },
    ...(legendLines > 0 && {
      legend: {
        orient: "vertical",
        left: 12,
        top: height - legendLines * LINE - 8,
        itemGap: 6,
        itemWidth: 40,
        textStyle: font,
      },
    }),
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return stable(svg, title);
}

/** Without what differs between two runs of one process, and without the effects of a pointer. */
function stable(svg: string, title: string): string {
  const escaped = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const drawn = svg
    .replaceAll(/<style ?>[\s\S]*?<\/style>\s*/g, "")
    .replaceAll(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, "")
    .replaceAll(/\bzr\d+-/g, "plot-");
  return `${drawn.replace(/^<svg ([^>]*)>/, `<svg $1 role="img">\n<title>${escaped}</title>`).trim()}\n`;
}
