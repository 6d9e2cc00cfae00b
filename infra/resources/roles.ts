import { allow, arnOf, perFunction, role, viaServices } from "./cloudformation.ts";
import type { Permissions } from "./functions.ts";
import { auditStream, logStreamsOf } from "./logs.ts";
import type { Stack, StackFunction } from "./stack.ts";

/** One IAM role per function: it may write its own log streams and traces, and what functions.ts permits. */
export function roles({ name, functions, secrets }: Stack) {
  const refs = secrets.map(({ logicalId }) => ({ Ref: logicalId }));
  const refsOf = ({ permissions: { secret, pseudonyms, sessions, signIn } }: StackFunction) => [
    ...(secret ? refs : []),
    ...(pseudonyms ? [{ Ref: "PseudonymSecret" }] : []),
    ...(sessions ? [{ Ref: "SessionSecret" }] : []),
    ...(signIn ? [{ Ref: "SignInSecret" }] : []),
  ];
  const make = (definition: StackFunction) =>
    role({
      description: `What the function ${definition.name} may do`,
      service: "lambda.amazonaws.com",
      policyName: "function",
      statements: statementsFor(name, definition, refsOf(definition)),
    });
  return { Resources: perFunction(functions, "Role", make) };
}

function statementsFor(stack: string, definition: StackFunction, secrets: object[]): object[] {
  const { schedule, permissions } = definition;
  const { audit, table, partitions, readOnly = [], queue, bus } = permissions;
  const statements: object[] = [
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], logStreamsOf(stack, definition)),
    // X-Ray's actions take no resource: AWS accepts only `*`.
    allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
  ];
  const services = new Set<string>();
  if (audit === true) statements.push(allow(["logs:PutLogEvents"], auditStream(stack)));
  if (secrets.length > 0) {
    statements.push(allow(["secretsmanager:GetSecretValue"], secrets.length === 1 ? secrets[0] : secrets));
    services.add("secretsmanager");
  }
  if (table.length > 0) {
    statements.push(allow(table, arnOf("RecordsTable"), withKeys(partitions)));
    if (readOnly.length > 0) {
      statements.push(allow(["dynamodb:GetItem"], arnOf("RecordsTable"), withKeys(readOnly)));
    }
    services.add("dynamodb");
  }
  if (queue !== undefined) {
    statements.push(allow(queueActions[queue], arnOf("SyncQueue")));
    services.add("sqs");
  }
  if (bus === true) statements.push(allow(["events:PutEvents"], arnOf("EventBus")));
  if (schedule !== undefined) {
    // Lambda sends failed calls there with the function's role (schedules.ts).
    statements.push(allow(["sqs:SendMessage"], arnOf("ScheduleDeadLetterQueue")));
    services.add("sqs");
  }
  if (services.size > 0) statements.push(useDataKey([...services]));
  return statements;
}

/** The condition that every partition key of a request begins in one of these ways. `sync` is a whole key too. */
const withKeys = (partitions: readonly string[]) => ({
  "ForAllValues:StringLike": {
    "dynamodb:LeadingKeys": partitions.flatMap((one) => (one === "sync" ? [one, `${one}#*`] : `${one}#*`)),
  },
});

const queueActions: Record<NonNullable<Permissions["queue"]>, readonly string[]> = {
  send: ["sqs:SendMessage"],
  work: ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
};

/**
 * A service uses the key on behalf of its caller, so the caller needs the permission; `kms:ViaService` allows no other
 * use. Reading needs Decrypt; a write may make DynamoDB or SQS request a new data key.
 */
function useDataKey(services: readonly string[]) {
  const writes = services.includes("dynamodb");
  const sends = services.includes("sqs");
  const actions = [
    "kms:Decrypt",
    ...(writes ? ["kms:DescribeKey", "kms:Encrypt"] : []),
    ...(writes || sends ? ["kms:GenerateDataKey"] : []),
  ];
  return allow(actions, arnOf("DataKey"), viaServices(services));
}
