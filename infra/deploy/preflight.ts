import { resourcesOf, type Template } from "../build/template.ts";
import { UsageError } from "../local/command-line.ts";
import { pseudonymSecretName, sessionSecretName, signInSecretName } from "../resources/secret.ts";
import { secretName } from "../resources/stack.ts";
import type { AwsAccount } from "./aws-account.ts";
import type { Plan } from "./plan.ts";

/** What AWS keeps for functions without a reserved concurrency. */
const UNRESERVED = 100;

/**
 * Before anything is built: the credentials, and what they allow.
 * @throws UsageError
 */
export async function checkIdentity(
  plan: Plan,
  aws: AwsAccount,
): Promise<{ accountId: string; arn: string }> {
  const identity = await aws.identity();
  const { administratorArn, certificateArn = "" } = plan;
  if (administratorArn !== undefined && roleOf(administratorArn) !== roleOf(identity.arn)) {
    throw new UsageError(
      `KEY_ADMINISTRATOR_ARN is ${administratorArn}, but ${identity.arn} deploys: KMS makes no key that its maker ` +
        "cannot administer. Deploy with that role, or leave the variable unset.",
    );
  }
  const [, owner = identity.accountId] = /:acm:[\w-]+:(\d{12}):/.exec(certificateArn) ?? [];
  if (owner !== identity.accountId) {
    throw new UsageError(
      `CERTIFICATE_ARN is in the account ${owner}, and the credentials are of ${identity.accountId}.`,
    );
  }
  return identity;
}

/** A session's ARN names the role without its path: `assumed-role/<role>/<session>`. */
function roleOf(arn: string): string {
  const [, account = "", kind = "", rest = ""] =
    /^arn:[\w-]+:(?:iam|sts)::(\d{12}):([\w-]+)\/(.+)$/.exec(arn) ?? [];
  const parts = rest.split("/");
  return `${account}/${kind === "assumed-role" ? parts[0] : parts.at(-1)}`;
}

/**
 * Before anything is sent: the quota, and what is left of earlier tries.
 * @returns the stack to delete first: after a first creation that failed, CloudFormation accepts nothing else
 * @throws UsageError
 */
export async function checkAccount(
  plan: Plan,
  template: Template,
  aws: AwsAccount,
): Promise<string | undefined> {
  await checkConcurrency(template, aws);
  const { stackName } = plan;
  const status = await aws.stackStatus(stackName);
  switch (status) {
    case "ROLLBACK_COMPLETE":
    case "REVIEW_IN_PROGRESS":
      return stackName;
    case undefined:
    case "DELETE_COMPLETE":
      await checkNames(plan, aws);
      return undefined;
    case "UPDATE_ROLLBACK_FAILED":
      throw new UsageError(
        `The stack ${stackName} is in UPDATE_ROLLBACK_FAILED. Finish it first:\n` +
          `  aws cloudformation continue-update-rollback --stack-name ${stackName}`,
      );
    case "ROLLBACK_FAILED":
    case "DELETE_FAILED":
      throw new UsageError(
        `The stack ${stackName} is in ${status}. Its events say which resource stands in the way; then:\n` +
          `  aws cloudformation delete-stack --stack-name ${stackName}`,
      );
    default:
      if (/IN_PROGRESS$/.test(status)) {
        throw new UsageError(`The stack ${stackName} is in ${status}: wait until that is over, and repeat.`);
      }
      return undefined;
  }
}

async function checkConcurrency(template: Template, aws: AwsAccount): Promise<void> {
  const reserved = resourcesOf(template, "AWS::Lambda::Function")
    .map(([, { Properties }]) => Number(Properties.ReservedConcurrentExecutions ?? 0))
    .reduce((sum, one) => sum + one, 0);
  if (reserved === 0) return;
  const quota = await aws.concurrency();
  if (quota >= reserved + UNRESERVED) return;
  throw new UsageError(
    `The account may run ${quota} functions at once in this region. This stage reserves ${reserved}, and AWS keeps ` +
      `${UNRESERVED} unreserved. Ask AWS for a quota of ${reserved + UNRESERVED} ("Concurrent executions" of Lambda), ` +
      "or deploy with --param reserveConcurrency=false.",
  );
}

/** The table and the secrets stay when a stack is deleted, with the names that a new stack needs. */
async function checkNames({ stackName, stage, accounts }: Plan, aws: AwsAccount): Promise<void> {
  const left: string[] = [];
  if (await aws.hasTable(stackName)) left.push(`the table ${stackName}`);
  const others = [pseudonymSecretName, sessionSecretName, signInSecretName].map((nameOf) => nameOf(stage));
  for (const name of [...accounts.map((account) => secretName(stage, account)), ...others]) {
    const state = await aws.secretState(name);
    if (state === "kept") left.push(`the secret ${name}`);
    if (state === "deleted") left.push(`the secret ${name}, which is being deleted`);
  }
  if (left.length === 0) return;
  throw new UsageError(
    `There is no stack ${stackName}, but an earlier one has left ${left.join(" and ")}. A new stack needs the names. ` +
      "Import them into a stack, or delete them if their content is not needed: docs/operations.md, " +
      '"A stack that was deleted".',
  );
}
