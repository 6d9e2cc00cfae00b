import { type Resource, resourcesOf, type Template } from "../../infra/build/template.ts";
import type { ReadMetric } from "../../infra/build/template-metrics.ts";
import { metricsOfAlarm } from "../../infra/build/template-metrics.ts";

interface Datapoint {
  value: number;
  at: number;
}

type State = "ALARM" | "OK" | "unknown";

const seriesOf = (namespace: string, name: string, dimensions: Readonly<Record<string, unknown>>) =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);

/** What CloudWatch has received: the lines that the functions print, and AWS's own metrics as a test plays them. */
export class MetricStore {
  readonly #series = new Map<string, Datapoint[]>();
  readonly #namespace: string;

  /** @param namespace what the template sets for the functions; here they print the default one */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  put(namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value: number): void {
    this.#add(seriesOf(namespace, name, dimensions), { value, at: Date.now() });
  }

  #add(series: string, point: Datapoint): void {
    const points = this.#series.get(series) ?? [];
    points.push(point);
    this.#series.set(series, points);
  }

  /** Takes a printed line; others than those of the embedded metric format are dropped. */
  readonly print = (line: string | Uint8Array): boolean => {
    const text = String(line);
    if (!text.startsWith('{"_aws":')) return true;
    const { _aws, ...members } = JSON.parse(text);
    for (const { Dimensions, Metrics } of _aws.CloudWatchMetrics) {
      for (const names of Dimensions) {
        const dimensions = Object.fromEntries(names.map((name: string) => [name, members[name]]));
        for (const { Name } of Metrics) {
          const series = seriesOf(this.#namespace, Name, dimensions);
          for (const value of [members[Name]].flat()) this.#add(series, { value, at: _aws.Timestamp });
        }
      }
    }
    return true;
  };

  /** A metric's statistic between two instants, by its name and exact dimensions. undefined: without data. */
  statistic(
    { namespace, name, dimensions, statistic }: ReadMetric,
    from: number,
    to: number,
  ): number | undefined {
    const compute = statistics[statistic];
    if (compute === undefined) throw new Error(`no rule for the statistic ${statistic}`);
    const key = seriesOf(namespace, name, dimensions);
    const values = (this.#series.get(key) ?? []).filter(({ at }) => at >= from && at < to);
    return values.length === 0 ? undefined : compute(values.map(({ value }) => value));
  }
}

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  p99: (values) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0,
};

/**
 * An alarm of the template, evaluated each minute as CloudWatch does: over windows that end with that minute, by the
 * alarm's own statistic, period, threshold, datapoints and treatment of missing data. CloudWatch may look at some more
 * windows than the alarm names when data is missing, and does not say how many, so both readings are followed.
 * [AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html]
 */
export class EvaluatedAlarm {
  readonly #alarm: Resource["Properties"];
  readonly #metrics: ReadMetric[];
  readonly #store: MetricStore;
  readonly #states: State[] = ["unknown", "unknown"];

  constructor(template: Template, name: string, store: MetricStore) {
    const [found] = resourcesOf(template, "AWS::CloudWatch::Alarm").filter(([, { Properties }]) =>
      String(Properties.AlarmName).endsWith(`-${name}`),
    );
    if (found === undefined) throw new Error(`the template has no alarm ${name}`);
    this.#alarm = found[1].Properties;
    this.#metrics = metricsOfAlarm(found[0], this.#alarm);
    this.#store = store;
  }

  /** The state in both readings; undefined while they differ. */
  get state(): State | undefined {
    const [strict, wide] = this.#states;
    return strict === wide ? strict : undefined;
  }

  evaluate(): void {
    const periods = Number(this.#alarm.EvaluationPeriods);
    this.#states.forEach((state, index) => {
      this.#states[index] = this.#next(state, this.#windows(periods, index === 0 ? periods : periods + 3));
    });
  }

  /** Whether the latest windows are breached, latest first. undefined: without data. */
  #windows(periods: number, looked: number): (boolean | undefined)[] {
    const lengthMs = this.#periodSeconds() * 1000;
    const all = Array.from({ length: looked }, (_, back) => {
      const to = Date.now() - back * lengthMs;
      return this.#metrics.map((metric) => this.#store.statistic(metric, to - lengthMs, to));
    });
    // Metric math fills the gaps of what it has read; of nothing it makes nothing.
    const hasData = all.some((results) => results.some((result) => result !== undefined));
    const known = all.flatMap((results) => {
      const value = hasData ? this.#valueOf(results) : undefined;
      return value === undefined ? [] : [this.#isBreaching(value)];
    });
    if (known.length >= periods) return known.slice(0, periods);
    return [...known, ...Array.from({ length: periods - known.length }, () => undefined)];
  }

  #next(before: State, windows: readonly (boolean | undefined)[]): State {
    const { DatapointsToAlarm, TreatMissingData } = this.#alarm;
    const needed = Number(DatapointsToAlarm);
    const breaching = windows.filter((one) => one === true).length;
    const missing = windows.filter((one) => one === undefined).length;
    const isSure = TreatMissingData !== "ignore" || missing === 0;
    if (!isSure) {
      if (breaching >= needed) return "ALARM";
      return breaching + missing < needed ? "OK" : before;
    }
    return breaching + (TreatMissingData === "breaching" ? missing : 0) >= needed ? "ALARM" : "OK";
  }

  #periodSeconds(): number {
    return Number(/"Period":(\d+)/.exec(JSON.stringify(this.#alarm))?.[1]);
  }

  #isBreaching(value: number): boolean {
    const { ComparisonOperator, Threshold } = this.#alarm;
    const limit = Number(Threshold);
    if (ComparisonOperator === "LessThanThreshold") return value < limit;
    return ComparisonOperator === "GreaterThanThreshold" ? value > limit : value >= limit;
  }

  #valueOf(results: readonly (number | undefined)[]): number | undefined {
    const { Metrics } = this.#alarm;
    return Array.isArray(Metrics) ? calculate(Metrics, results) : results[0];
  }
}

/** An expression of metric math: arithmetic, IF and FILL. Without data in a metric that nothing fills there is none. */
function calculate(
  metrics: readonly { Id: string; Expression?: string }[],
  results: readonly (number | undefined)[],
) {
  const ids = metrics.filter(({ Expression }) => Expression === undefined).map(({ Id }) => Id);
  const [expression = ""] = metrics.flatMap(({ Expression }) => Expression ?? []);
  const isFilled = (id: string) => new RegExp(`FILL\\(${id},`).test(expression);
  if (!ids.every((id, index) => results[index] !== undefined || isFilled(id))) return undefined;
  const functions = {
    IF: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
    FILL: (given: number | undefined, otherwise: number) => given ?? otherwise,
  };
  const evaluate = new Function(...Object.keys(functions), ...ids, `return ${expression}`);
  return Number(evaluate(...Object.values(functions), ...results));
}
