import { type FunctionDefinition, functions, logicalName } from "./functions.ts";

/** The interface through which osls lets a fragment read serverless.yml. */
export interface Variables {
  resolveVariable(address: string): Promise<unknown>;
}

const parameters = [
  "alarmEmail",
  "authAudience",
  "authIssuer",
  "certificateArn",
  "corsAllowedOrigins",
  "deletionProtection",
  "domainName",
  "hostedZoneId",
  "keyAdministratorArn",
  "latencyMs",
  "metricsNamespace",
  "monthlyBudgetUsd",
  "requestsPerHour",
  "reserveConcurrency",
  "rollbackOnAlarms",
  "rollout",
  "runbooks",
  "secretReaderArn",
  "syncLateSeconds",
  "throttlingScale",
  "webhookUrl",
] as const;
type Parameter = (typeof parameters)[number];

/** A function as one stack names it. */
export interface StackFunction extends FunctionDefinition {
  /** Its name in AWS. */
  name: string;
  /** The beginning of its resources' logical ids. */
  logicalName: string;
}

/** The stack that a template is made for, with the stage's parameters. */
export interface Stack {
  /** `ringfront-prod`: the names of all resources begin with it. */
  name: string;
  stage: string;
  secretName: string;
  functions: StackFunction[];
  text(parameter: Parameter): string;
  /** @throws when it is not a number */
  number(parameter: Parameter): number;
  flag(parameter: Parameter): boolean;
}

export async function readStack({ resolveVariable }: Variables): Promise<Stack> {
  const service = await resolveVariable("self:service");
  const stage = String(await resolveVariable("sls:stage"));
  const values = new Map<Parameter, string>();
  for (const parameter of parameters) {
    // From `--param` every value is text.
    values.set(parameter, String((await resolveVariable(`param:${parameter}`)) ?? "").trim());
  }
  const name = `${service}-${stage}`;
  const text = (parameter: Parameter) => values.get(parameter) ?? "";
  return {
    name,
    stage,
    secretName: `${service}/${stage}/ringcentral`,
    functions: functions.map((definition) => ({
      ...definition,
      name: `${name}-${definition.key}`,
      logicalName: logicalName(definition.key),
    })),
    text,
    number(parameter) {
      const value = Number(text(parameter) || Number.NaN);
      if (!Number.isFinite(value)) throw new Error(`the stage parameter ${parameter} must be a number`);
      return value;
    },
    flag: (parameter) => text(parameter) === "true",
  };
}
