import { type Clock, systemClock } from "./clock.ts";

type MetricUnit = "Count" | "Milliseconds" | "Seconds";
/** CloudWatch dimensions. Each combination of values is a metric that costs, so use few of few values. */
type Dimensions = Readonly<Record<string, string>>;

interface MetricsOptions {
  clock?: Clock;
  /** CloudWatch's namespace, one per stage of an account. Default `Ringfront`. */
  namespace?: string;
  write?: (line: string) => void;
}

/** CloudWatch's limit per line, both of metrics and of values of one metric. */
const MAX_IN_LINE = 100;

interface Series {
  unit: MetricUnit;
  values: number[];
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Measurements in CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics, without a call. */
export function createMetrics({
  clock = systemClock,
  namespace = "Ringfront",
  write = (line) => process.stdout.write(line),
}: MetricsOptions = {}) {
  const lines = new Map<string, { dimensions: Dimensions; series: Map<string, Series> }>();

  function seriesOf(name: string, unit: MetricUnit, dimensions: Dimensions): Series {
    const key = JSON.stringify(Object.entries(dimensions).sort());
    let line = lines.get(key);
    if (line && !line.series.has(name) && line.series.size === MAX_IN_LINE) flush();
    line = lines.get(key) ?? { dimensions, series: new Map() };
    lines.set(key, line);
    const series = line.series.get(name) ?? { unit, values: [] };
    line.series.set(name, series);
    return series;
  }

  function flush(): void {
    for (const { dimensions, series } of lines.values()) {
      write(`${JSON.stringify(lineOf({ namespace, timestamp: clock.now() }, dimensions, series))}\n`);
    }
    lines.clear();
  }

  return {
    /** Adds to a count. */
    count(name: string, by = 1, dimensions: Dimensions = {}): void {
      const { values } = seriesOf(name, "Count", dimensions);
      values[0] = (values[0] ?? 0) + by;
    },
    /** Adds a value to a distribution, from which CloudWatch computes percentiles. */
    record(name: string, value: number, unit: MetricUnit, dimensions: Dimensions = {}): void {
      const { values } = seriesOf(name, unit, dimensions);
      values.push(value);
      if (values.length === MAX_IN_LINE) flush();
    },
    /** Writes what was collected, at the end of an invocation. */
    flush,
  };
}

/** Every metric has a value per dimension and a total, so that an alarm needs no list of dimensions. */
function lineOf(
  { namespace, timestamp }: { namespace: string; timestamp: number },
  dimensions: Dimensions,
  series: ReadonlyMap<string, Series>,
): object {
  const names = Object.keys(dimensions);
  const metric = {
    Namespace: namespace,
    Dimensions: names.length === 0 ? [[]] : [[], names],
    Metrics: [...series].map(([Name, { unit }]) => ({ Name, Unit: unit })),
  };
  const members = [...series].map(([name, { values }]) => [name, values.length === 1 ? values[0] : values]);
  return {
    _aws: { Timestamp: timestamp, CloudWatchMetrics: [metric] },
    ...dimensions,
    ...Object.fromEntries(members),
  };
}

const namespace = process.env.METRICS_NAMESPACE ?? "Ringfront";

/** The metrics of this process, which the stack, the client and the cache share. The namespace `none` writes nothing. */
export const processMetrics = createMetrics({
  namespace,
  ...(namespace === "none" && { write: () => {} }),
});
