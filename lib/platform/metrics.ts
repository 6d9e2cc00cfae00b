import { type Clock, systemClock } from "./clock.ts";

type MetricUnit = "Count" | "Milliseconds" | "Seconds";

/**
 * Every metric of the service with its CloudWatch dimensions. A call with others does not compile, and an alarm or a
 * graph on others is rejected (infra/build/alarm-checks.ts). Each combination of values is a metric that costs, so use
 * few of few values.
 */
export const metricDimensions = {
  RequestCount: ["Route"],
  RequestFaults: ["Route"],
  RequestDurationMs: ["Route"],
  Problems: ["Code"],
  UpstreamCalls: ["Group"],
  UpstreamDurationMs: ["Group"],
  UpstreamRateLimited: ["Group"],
  UpstreamPausedMs: ["Group"],
  UpstreamLimitedMode: [],
  AppPermissionMissing: [],
  ExternalUsage: ["Group"],
  RateLimiterContention: ["Group"],
  RateLimiterDegraded: [],
  TokenRequests: [],
  TokenFailures: [],
  TokenUnreadable: [],
  SharedTokenDegraded: [],
  AuditFailures: [],
  CacheHits: [],
  CacheStale: [],
  CacheMisses: [],
  CacheInvalidationFailures: [],
  JobSuccesses: ["Job"],
  SyncAgeSeconds: [],
  AccountsNeverSynced: [],
  AccountsQuarantined: [],
  CredentialsRejected: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type MetricName = keyof typeof metricDimensions;
type Dimensions = Readonly<Record<string, string>>;
type DimensionsOf<Name extends MetricName> = Readonly<
  Record<(typeof metricDimensions)[Name][number], string>
>;
type Plain = {
  [Name in MetricName]: (typeof metricDimensions)[Name] extends readonly [] ? Name : never;
}[MetricName];

export interface Metrics {
  /** Adds to a count. */
  count(name: Plain, by?: number): void;
  count<Name extends MetricName>(name: Name, by: number, dimensions: DimensionsOf<Name>): void;
  /** Adds a value to a distribution, from which CloudWatch computes percentiles. */
  record(name: Plain, value: number, unit: MetricUnit): void;
  record<Name extends MetricName>(
    name: Name,
    value: number,
    unit: MetricUnit,
    dimensions: DimensionsOf<Name>,
  ): void;
  /** Writes what was collected, at the end of an invocation. */
  flush(): void;
}

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

/** Measurements in CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics, without a call. */
export function createMetrics({
  clock = systemClock,
  namespace = "Ringfront",
  write = (line) => process.stdout.write(line),
}: MetricsOptions = {}): Metrics {
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
    count(name: MetricName, by = 1, dimensions: Dimensions = {}) {
      const { values } = seriesOf(name, "Count", dimensions);
      values[0] = (values[0] ?? 0) + by;
    },
    record(name: MetricName, value: number, unit: MetricUnit, dimensions: Dimensions = {}) {
      const { values } = seriesOf(name, unit, dimensions);
      values.push(value);
      if (values.length === MAX_IN_LINE) flush();
    },
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
