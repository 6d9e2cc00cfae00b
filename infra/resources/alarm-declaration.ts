/** One alarm of the service. Its text says what is wrong and names its page in docs/runbooks. */
export interface AlarmDeclaration {
  /** The end of the alarm's name, and the beginning of its logical id. */
  name: string;
  logicalId?: string;
  /** The page's name. Absent: the alarm's. */
  runbook?: string;
  /** One sentence for the person on call. */
  meaning: string;
  /** The outage in which test/integration/game-days.test.ts makes it fire. */
  gameDay: string;
  /** The metric, its statistic and period. */
  watches: object;
  /** The threshold: breached at this value, only above it, or only below it. */
  from?: number;
  above?: number;
  below?: number;
  /** The number of breaching periods out of the evaluated ones. Absent: 1 of 1. */
  outOf?: readonly [breaching: number, of: number];
  /** How a period without data counts. `ignore` keeps the alarm's state. Absent: as good. */
  missing?: "breaching" | "ignore";
}

/** A metric of AWS. The alarm adds the statistic. infra/build/aws-metrics.ts has the names that AWS publishes. */
export const metric = (Namespace: string, MetricName: string, dimensions: object, Period: number) => {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Namespace, MetricName, Dimensions, Period };
};
export function sumOf(Id: string, { Period, ...Metric }: ReturnType<typeof metric>) {
  return { Id, MetricStat: { Metric, Stat: "Sum", Period }, ReturnData: false };
}

/** The sum of several metrics; a period without data counts as 0. */
export function total(Label: string, metrics: Readonly<Record<string, ReturnType<typeof metric>>>) {
  const ids = Object.keys(metrics);
  const Expression = ids.map((id) => `FILL(${id}, 0)`).join(" + ");
  const sums = Object.entries(metrics).map(([id, one]) => sumOf(id, one));
  return { Metrics: [{ Id: "total", Expression, Label }, ...sums] };
}
