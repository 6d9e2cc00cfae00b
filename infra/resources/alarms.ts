import type { AlarmDeclaration } from "./alarm-declaration.ts";
import { apiAlarms, heartbeat, stateAlarms, upstreamAlarms } from "./alarm-list.ts";
import { crashes, queueAlarms, tableAlarms, throttling } from "./aws-alarms.ts";
import { ownArn, resource } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/** The alarms that, besides that on a function's crashes, roll back the deployment of any function. */
const rollback = ["api-faults", "api-latency"];

const allAlarms = (stack: Stack) => [
  ...apiAlarms(stack),
  ...upstreamAlarms(stack),
  ...stateAlarms(stack),
  ...queueAlarms(stack),
  ...tableAlarms(stack),
  ...throttling(stack),
  ...stack.functions.flatMap((one) => [
    crashes(one),
    ...(one.route === undefined && one.paths === undefined ? [heartbeat(stack, one)] : []),
  ]),
];

const arnOf = (stack: Stack, name: string) => ownArn("cloudwatch", `alarm:${stack.name}-${name}`);

export const alarmArns = (stack: Stack) => allAlarms(stack).map(({ name }) => arnOf(stack, name));

export function alarms(stack: Stack) {
  const resources = allAlarms(stack).map((declaration) => [
    declaration.logicalId ?? logicalIdOf(declaration.name),
    alarm(stack, declaration),
  ]);
  return { Resources: Object.fromEntries(resources) };
}

/** `ApiFaultsAlarm` is the logical id of `api-faults`. */
const logicalIdOf = (name: string) =>
  `${name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}Alarm`;

export const rollbackAlarms = rollback.map(logicalIdOf);

function alarm({ name: stack, text }: Stack, declaration: AlarmDeclaration) {
  const { name, meaning, gameDay, runbook = name, watches, outOf = [1, 1], missing } = declaration;
  const [DatapointsToAlarm, EvaluationPeriods] = outOf;
  const properties = {
    AlarmName: `${stack}-${name}`,
    AlarmDescription: `${meaning} What to do: ${text("runbooks")}/${runbook}.md`,
    ...watches,
    ...threshold(declaration),
    EvaluationPeriods,
    DatapointsToAlarm,
    TreatMissingData: missing ?? "notBreaching",
    AlarmActions: [{ Ref: "AlarmTopic" }],
    OKActions: [{ Ref: "AlarmTopic" }],
  };
  return resource("AWS::CloudWatch::Alarm", properties, { Metadata: { GameDay: gameDay } });
}

function threshold({ from, above, below }: AlarmDeclaration) {
  if (below !== undefined) return { Threshold: below, ComparisonOperator: "LessThanThreshold" };
  if (above !== undefined) return { Threshold: above, ComparisonOperator: "GreaterThanThreshold" };
  return { Threshold: from, ComparisonOperator: "GreaterThanOrEqualToThreshold" };
}
