import { functions, logicalName } from "./functions.ts";
import { list } from "./list.ts";

/** The interface through which osls lets a fragment read serverless.yml. */
export interface Variables {
  resolveVariable(address: string): Promise<unknown>;
}

const parameters = [
  "alarmEmail",
  "auditRetentionDays",
  "authAudience",
  "authGrantedScopes",
  "authIssuer",
  "authScopeClaims",
  "authScopePrefix",
  "certificateArn",
  "corsAllowedHeaders",
  "corsAllowedOrigins",
  "deletionProtection",
  "domainName",
  "gatewayAuthorizer",
  "hostedZoneId",
  "keyAdministratorArn",
  "latencyMs",
  "logRetentionDays",
  "metricsNamespace",
  "monthlyBudgetUsd",
  "requestsPerHour",
  "reserveConcurrency",
  "rollbackOnAlarms",
  "rollout",
  "runbooks",
  "secretReaderArn",
  "servedAccounts",
  "signInAdministrators",
  "signInIssuer",
  "syncLateSeconds",
  "throttlingScale",
  "webhookUrl",
] as const;
type Parameter = (typeof parameters)[number];

/** The stack that a template is made for, with the stage's parameters. */
export type Stack = Awaited<ReturnType<typeof readStack>>;
/** A function as one stack names it. */
export type StackFunction = Stack["functions"][number];

export async function readStack({ resolveVariable }: Variables) {
  const service = await resolveVariable("self:service");
  const stage = String(await resolveVariable("sls:stage"));
  const values = new Map<Parameter, string>();
  for (const parameter of parameters) {
    // From `--param` every value is text.
    values.set(parameter, String((await resolveVariable(`param:${parameter}`)) ?? "").trim());
  }
  const text = (parameter: Parameter) => values.get(parameter) ?? "";
  const problem = tokenIssuersProblem(text("authIssuer"), text("signInIssuer"));
  if (problem !== undefined) throw new Error(problem);
  /** `ringfront-prod`: the names of all resources begin with it. */
  const name = `${service}-${stage}`;
  return {
    name,
    stage,
    /** A secret for each account. serverless.yml gives the functions the prefix. */
    secrets: list(text("servedAccounts")).map((account) => ({
      logicalId: `RingCentralSecret${account}`,
      name: secretName(stage, account),
    })),
    functions: functions.map((definition) => ({
      ...definition,
      /** Its name in AWS. */
      name: `${name}-${definition.key}`,
      /** The beginning of its resources' logical ids. */
      logicalName: logicalName(definition.key),
    })),
    text,
    /** @throws when it is not a number */
    number(parameter: Parameter) {
      const value = Number(text(parameter) || Number.NaN);
      if (!Number.isFinite(value)) throw new Error(`the stage parameter ${parameter} must be a number`);
      return value;
    },
    flag: (parameter: Parameter) => text(parameter) === "true",
  };
}

/** The name of the secret with an account's credentials. */
export const secretName = (stage: string, account: string) => `ringfront/${stage}/ringcentral/${account}`;

/** One of both is enough; without any, `npm run deploy` goes no further. */
function tokenIssuersProblem(company: string, own: string): string | undefined {
  const ofCompany = company === "" ? undefined : issuerProblem(company);
  return ofCompany ?? (own === "" ? undefined : issuerProblem(own, "SIGN_IN_ISSUER"));
}

/** Why API Gateway would not take an issuer of access tokens. (Without TLS it may be only the local stack's.) */
export function issuerProblem(url: string, setting = "AUTH_ISSUER"): string | undefined {
  if (URL.canParse(url) && /^(https:\/\/|http:\/\/127\.0\.0\.1:)[^\s?#@]+$/.test(url)) return undefined;
  return `${setting} must be an https URL without credentials, query and fragment, not "${url}".`;
}
