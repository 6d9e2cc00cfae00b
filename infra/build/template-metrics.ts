import * as z from "zod/mini";
import { resourcesOf, spell, type Template } from "./template.ts";

/** A metric that an alarm or a graph of the template reads. */
export interface ReadMetric {
  /** The alarm's logical id, or the graph's title. */
  reader: string;
  namespace: string;
  name: string;
  /** Each with its value; references as `${LogicalId}`. A search leaves the values open. */
  dimensions: Readonly<Record<string, string | undefined>>;
  statistic: string;
}

const Dimension = z.object({ Name: z.string(), Value: z.unknown() });
const Metric = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z._default(z.array(Dimension), []),
});
const Simple = z.extend(Metric, {
  Statistic: z.optional(z.string()),
  ExtendedStatistic: z.optional(z.string()),
});
const Calculated = z.object({
  Metrics: z.array(z.object({ MetricStat: z.optional(z.object({ Metric, Stat: z.string() })) })),
});

/** The metrics of an alarm. @throws for an alarm in another form */
export function metricsOfAlarm(reader: string, properties: object): ReadMetric[] {
  const calculated = Calculated.safeParse(properties).data;
  if (calculated === undefined) {
    const { Statistic, ExtendedStatistic, ...metric } = Simple.parse(properties);
    return [read(reader, metric, Statistic ?? ExtendedStatistic ?? "")];
  }
  return calculated.Metrics.flatMap(({ MetricStat: one }) =>
    one === undefined ? [] : [read(reader, one.Metric, one.Stat)],
  );
}

function read(
  reader: string,
  { Namespace, MetricName, Dimensions }: z.output<typeof Metric>,
  statistic: string,
) {
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, spell(Value)]));
  return { reader, namespace: Namespace, name: MetricName, dimensions, statistic };
}

const Widgets = z.object({
  widgets: z.array(
    z.object({
      type: z.string(),
      properties: z.object({
        title: z.string(),
        stat: z.optional(z.string()),
        metrics: z._default(z.array(z.array(z.unknown())), []),
      }),
    }),
  ),
});
const Options = z.object({ expression: z.optional(z.string()), stat: z.optional(z.string()) });
const SEARCH = /^SEARCH\('\{([^,}]+)((?:,\w+)*)\} MetricName="(\w+)"', '(\w+)', \d+\)$/;

/** The metrics of every graph on the template's dashboards. @throws for a graph in another form */
export function metricsOfDashboards(template: Template): ReadMetric[] {
  return resourcesOf(template, "AWS::CloudWatch::Dashboard").flatMap(([, { Properties }]) => {
    const { widgets } = Widgets.parse(JSON.parse(spell(Properties.DashboardBody)));
    return widgets.flatMap(({ properties }) => {
      let former: unknown[] = [];
      return properties.metrics.map((line) => {
        const texts = line.filter((part) => typeof part === "string");
        const { expression, stat = properties.stat ?? "" } = Options.safeParse(line.at(-1)).data ?? {};
        if (expression !== undefined) return searched(properties.title, expression);
        former =
          texts[0] === "..." ? [...former.slice(0, 1 - texts.length || undefined), ...texts.slice(1)] : texts;
        return drawn(properties.title, former, stat);
      });
    });
  });
}

function searched(reader: string, expression: string): ReadMetric {
  const [, namespace, names, name, statistic] = SEARCH.exec(expression) ?? [];
  if (namespace === undefined || names === undefined || name === undefined || statistic === undefined) {
    throw new Error(`the graph "${reader}" has an expression in an unknown form: ${expression}`);
  }
  const dimensions = Object.fromEntries(
    names
      .split(",")
      .slice(1)
      .map((one) => [one, undefined]),
  );
  return { reader, namespace, name, dimensions, statistic };
}

function drawn(reader: string, [namespace, name, ...pairs]: unknown[], statistic: string): ReadMetric {
  const texts = pairs.map(String);
  const names = texts.filter((_, index) => index % 2 === 0);
  const dimensions = Object.fromEntries(names.map((one, index) => [one, texts[2 * index + 1]]));
  return { reader, namespace: String(namespace), name: String(name), dimensions, statistic };
}
