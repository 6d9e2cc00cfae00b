import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../build/bundle.ts";
import { UsageError } from "../local/command-line.ts";
import { LOCAL_STAGE } from "../local/stage.ts";
import { list } from "../resources/list.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface DeployOptions {
  stage: string;
  region: string | undefined;
  /** `name=value`, from --param. */
  param?: readonly string[] | undefined;
}

/** What is going to be deployed, as far as it is known without AWS. */
export interface Plan {
  stage: string;
  region: string;
  stackName: string;
  accounts: readonly string[];
  administratorArn: string | undefined;
  certificateArn: string | undefined;
}

const serverlessFile = () => readFileSync(join(projectRoot, "serverless.yml"), "utf8");

/** What is wrong with a --param. osls leaves out those that it does not know. */
function* findParamProblems(params: readonly string[]): Generator<string> {
  const [, section = ""] = /\nparams:\n {2}default:\n([\s\S]*?)\n {2}\w/.exec(serverlessFile()) ?? [];
  const known = [...section.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name);
  for (const param of params) {
    const [, name] = /^(\w+)=/.exec(param) ?? [];
    if (name === undefined || !known.includes(name)) {
      yield `--param ${param} names no parameter of serverless.yml, as name=value.`;
    }
  }
}

/** The variables that serverless.yml reads: all that a deployment can be told. */
export function deployVariables(): string[] {
  const names = [...serverlessFile().matchAll(/\benv:([A-Z][A-Z_]+)/g)].map(([, name = ""]) => name);
  return [...new Set(names)];
}

const ROLE = /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/;
const CERTIFICATE = /^arn:aws[\w-]*:acm:([\w-]+):\d{12}:certificate\/.+$/;

/** Forms that AWS would reject late, or that would never work. */
const forms: Readonly<Record<string, [form: RegExp, what: string]>> = {
  KEY_ADMINISTRATOR_ARN: [ROLE, "the ARN of an IAM role"],
  SECRET_READER_ARN: [ROLE, "the ARN of an IAM role"],
  CERTIFICATE_ARN: [CERTIFICATE, "the ARN of a certificate in ACM"],
  ALARM_EMAIL: [/^[^\s@]+@[^\s@]+$/, "an e-mail address"],
  WEBHOOK_URL: [/^(https:\/\/\S+|none)$/, "an https URL, or none"],
  DOMAIN_NAME: [/^[a-z\d-]+(\.[a-z\d-]+)+$/, "a domain's name"],
  SIGN_IN_ISSUER: [/^https:\/\/[^/?#@\s]+$/, "the API's address, https without a path"],
  SIGN_IN_ADMINISTRATORS: [/^\d+([,\s]+\d+)*$/, "ids of extensions, comma-separated"],
  TOKEN_CALLS_PER_MINUTE: [/^[1-9]\d{0,2}$/, "a whole number from 1 to 999"],
  SERVED_ACCOUNTS: [/^\d+([,\s]+\d+)*$/, "numeric ids, comma-separated"],
};

/** @throws UsageError naming every reason why this deployment could not work */
export function readPlan(options: DeployOptions, env: Environment): Plan {
  const { stage, region, param = [] } = options;
  const problems = [...findProblems(options, env), ...findParamProblems(param)];
  const found = region ?? env.AWS_REGION;
  if (problems.length > 0 || found === undefined) throw new UsageError(problems.join("\n"));
  return {
    stage,
    region: found,
    stackName: `ringfront-${stage}`,
    accounts: list(env.SERVED_ACCOUNTS ?? ""),
    administratorArn: env.KEY_ADMINISTRATOR_ARN || undefined,
    certificateArn: env.CERTIFICATE_ARN || undefined,
  };
}

function* findProblems({ stage, region = "" }: DeployOptions, env: Environment): Generator<string> {
  if (stage === LOCAL_STAGE) yield `The stage "${LOCAL_STAGE}" is the one of npm start.`;
  if (!/^[a-z][a-z\d]{0,19}$/.test(stage)) {
    yield `The stage "${stage}" must be up to 20 lower-case letters and digits: names of resources begin with it.`;
  }
  const inRegion = region || env.AWS_REGION || "";
  if (inRegion === "") yield "There is no region: give --region, or set AWS_REGION.";
  const isOwn = Boolean(env.SIGN_IN_ISSUER) && !env.AUTH_ISSUER;
  const unset = isOwn ? [] : ["AUTH_ISSUER", "AUTH_AUDIENCE"].filter((name) => !env[name]);
  if (unset.length > 0) {
    yield `${unset.join(" and ")} must be set: the issuer and audience of the access tokens; or SIGN_IN_ISSUER alone.`;
  }
  const { SIGN_IN_ISSUER: own = "", DOMAIN_NAME: domain } = env;
  if (own !== "" && domain && own !== `https://${domain}`) {
    yield `SIGN_IN_ISSUER must be the API's address, https://${domain}.`;
  }
  if (!env.SERVED_ACCOUNTS) {
    yield "SERVED_ACCOUNTS must be set: the RingCentral accounts to serve. With RINGCENTRAL_CLIENT_ID, " +
      "RINGCENTRAL_CLIENT_SECRET and RINGCENTRAL_JWT set, the account is found from the credential.";
  }
  if (env.SYNC_ACCOUNTS?.trim() === "") {
    yield "SYNC_ACCOUNTS is set and empty: nothing would be synced. Unset it to sync SERVED_ACCOUNTS.";
  }
  const served = list(env.SERVED_ACCOUNTS ?? "");
  const foreign = list(env.SYNC_ACCOUNTS ?? "").filter((id) => !served.includes(id));
  if (foreign.length > 0) yield `SYNC_ACCOUNTS names ${foreign.join(", ")}, which SERVED_ACCOUNTS does not.`;
  for (const [name, [form, what]] of Object.entries(forms)) {
    const value = env[name] ?? "";
    if (value !== "" && !form.test(value)) yield `${name} must be ${what}, not "${value}".`;
  }
  if (env.DOMAIN_NAME && !env.CERTIFICATE_ARN)
    yield "DOMAIN_NAME needs CERTIFICATE_ARN, the certificate for it.";
  if (env.HOSTED_ZONE_ID && !env.DOMAIN_NAME) yield "HOSTED_ZONE_ID needs DOMAIN_NAME.";
  const [, certificateRegion = inRegion] = CERTIFICATE.exec(env.CERTIFICATE_ARN ?? "") ?? [];
  if (certificateRegion !== inRegion) {
    yield `CERTIFICATE_ARN is in ${certificateRegion}; API Gateway needs a certificate of ${inRegion}.`;
  }
}

/** The plan for people: what is set, and what keeps its default. */
export function describePlan({ stage, region, stackName }: Plan, env: Environment): string {
  const lines = deployVariables()
    .filter((name) => name !== "AWS_REGION")
    .map(
      (name) =>
        `  ${name.padEnd(24)} ${env[name] ?? (name === "SYNC_ACCOUNTS" ? "(as SERVED_ACCOUNTS)" : "(default)")}`,
    );
  return [`stack ${stackName}, stage ${stage}, region ${region}`, ...lines].join("\n");
}
