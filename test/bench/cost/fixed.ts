import * as z from "zod/mini";
import { metricsOfAlarm } from "../../../infra/build/template-metrics.ts";
import { alarms } from "../../../infra/resources/alarms.ts";
import { dashboard } from "../../../infra/resources/dashboard.ts";
import { keys } from "../../../infra/resources/keys.ts";
import { secret } from "../../../infra/resources/secret.ts";
import { productionStack } from "../../support/production-stack.ts";
import { prices } from "./prices.ts";

const Alarm = z.object({ Properties: z.looseObject({}) });

export interface FixedCost {
  what: string;
  count: number;
  usd: number;
}

/**
 * What a production stack of one account costs in a month without a request, and the metrics of one in use, counted in the
 * code that makes the template. The gateway's metrics are free: it writes none by route.
 * @param metrics the distinct ones that the functions write
 */
export async function fixedCosts(metrics: number): Promise<FixedCost[]> {
  const stack = await productionStack();
  const count = (fragment: { Resources: object }, type: string) =>
    Object.values(fragment.Resources).filter(({ Type }) => Type === type).length;
  const alarmMetrics = Object.entries(alarms(stack).Resources).reduce(
    (sum, [name, alarm]) => sum + metricsOfAlarm(name, Alarm.parse(alarm).Properties).length,
    0,
  );
  const secrets = count(secret(stack), "AWS::SecretsManager::Secret");
  const dataKeys = count(keys(stack), "AWS::KMS::Key");
  const dashboards = count(dashboard(stack), "AWS::CloudWatch::Dashboard");
  const cost = (what: string, number: number, { usd }: { usd: number }) => ({
    what,
    count: number,
    usd: number * usd,
  });
  return [
    cost("metrics that the functions write", metrics, prices.metricMonth),
    cost("alarms, by the metrics that they read", alarmMetrics, prices.alarmMetricMonth),
    cost("secrets", secrets, prices.secretMonth),
    cost("KMS keys, each with two more after two years of rotation", 3 * dataKeys, prices.keyMonth),
    cost("dashboards", dashboards, prices.dashboardMonth),
  ];
}
