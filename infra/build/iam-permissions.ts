import * as z from "zod/mini";
import { gatewayRoutes } from "./gateway-routes.ts";
import { type PolicyStatement, statementsIn } from "./policies.ts";
import { referredTo, resourcesOf, spell, type Template, textsOf } from "./template.ts";

/** The permissions of one function, from its role in the packaged template. */
type FunctionPermissions = ReturnType<typeof functionPermissions>[number];

/** Inline policies only: a managed policy could grant permissions that this file does not see. */
const Role = z.object({
  Type: z.literal("AWS::IAM::Role"),
  Properties: z.strictObject({
    Description: z.string(),
    AssumeRolePolicyDocument: z.unknown(),
    Policies: z.unknown(),
  }),
});

/** @throws when a function's role is not in the template, or has more than inline policies */
export function functionPermissions(template: Template) {
  return resourcesOf(template, "AWS::Lambda::Function").map(([logicalId, { Properties }]) => {
    const role = referredTo(Properties.Role) ?? "";
    const { Policies } = Role.parse(template.Resources[role]).Properties;
    // `functions/operations/get-health.handler` is `operations/get-health`.
    const name = String(Properties.Handler).replace(/^functions\/(.*)\.handler$/, "$1");
    return { name, logicalId, role, statements: statementsIn(Policies, role, "AWS::IAM::Role") };
  });
}

/**
 * The actions that Lambda takes with a function's role, because of the function's configuration and not of its code.
 */
function platformActions(template: Template, { logicalId, statements }: FunctionPermissions): Set<string> {
  const actions = new Set(["logs:CreateLogStream", "logs:PutLogEvents"]);
  if (spell(template.Resources[logicalId]?.Properties.TracingConfig).includes("Active")) {
    actions.add("xray:PutTraceSegments").add("xray:PutTelemetryRecords");
  }
  if (textsOf(template, "AWS::Lambda::EventSourceMapping", `"${logicalId}"`).length > 0) {
    actions.add("sqs:ReceiveMessage").add("sqs:DeleteMessage").add("sqs:GetQueueAttributes");
  }
  if (textsOf(template, "AWS::Lambda::EventInvokeConfig", `"${logicalId}"`).length > 0) {
    actions.add("sqs:SendMessage");
  }
  // A key may be used only through a service, and only through one that the function may call.
  const callable = statements.flatMap(({ actions }) => actions.map((action) => action.split(":")[0] ?? ""));
  for (const { actions: granted, condition } of statements) {
    const services = JSON.stringify(condition.StringEquals?.["kms:ViaService"] ?? []);
    const isCallable = callable.some((service) => service !== "kms" && services.includes(`"${service}.`));
    for (const action of granted) if (isCallable && action.startsWith("kms:")) actions.add(action);
  }
  return actions;
}

/** What a function's code can ask for: IAM actions, and the beginnings of partition keys of the table. */
export interface Use {
  actions: ReadonlySet<string>;
  partitions: ReadonlySet<string>;
}

/**
 * Unused permissions, and uses without a permission.
 * @param used by the function's name
 * @returns a sentence for each violation
 */
export function findPermissionViolations(template: Template, used: ReadonlyMap<string, Use>): string[] {
  return functionPermissions(template).flatMap((permissions) => {
    const { name, role, statements } = permissions;
    const use = used.get(name);
    if (use === undefined) return [`${name} is in the template, but no such function was bundled`];
    const { actions: code, partitions } = use;
    const keys = new Set(statements.flatMap(leadingKeys));
    const platform = platformActions(template, permissions);
    const granted = new Set(statements.flatMap(({ actions }) => actions));
    const unused = [...granted].filter((action) => !code.has(action) && !platform.has(action));
    const missing = [...code].filter((action) => !granted.has(action));
    return [
      ...unknownResources(template, permissions).map(
        (resource) => `${name} may use ${resource}, which nothing names to it`,
      ),
      ...unused.map((action) => `${name} may ${action}, which its code does not use`),
      ...missing.map((action) => `${name} uses ${action}, which ${role} does not allow`),
      ...statements.filter(isUnlimited).map(() => `${name} may use every key of the table`),
      ...[...keys]
        .filter((key) => !partitions.has(key))
        .map((key) => `${name} may use the keys ${key}#…, which its code does not make`),
      ...[...partitions]
        .filter((key) => !keys.has(key) && !(key === IDEMPOTENCY && !isPost(template, permissions)))
        .map((key) => `${name} makes the keys ${key}#…, which ${role} does not allow`),
    ];
  });
}

/** Every handler has the module; it reads a key of a POST only (lib/http/handler.ts). */
const IDEMPOTENCY = "idempotency";

function isPost(template: Template, { logicalId }: FunctionPermissions): boolean {
  const name = template.Resources[logicalId]?.Properties.FunctionName;
  return gatewayRoutes(template).some(
    (route) => route.functionName === name && route.key.startsWith("POST "),
  );
}

const LeadingKeys = z.object({
  "ForAllValues:StringLike": z.object({ "dynamodb:LeadingKeys": z.array(z.string()) }),
});

/** The beginnings of the keys that a statement is limited to. */
function leadingKeys({ condition }: PolicyStatement): string[] {
  const { data } = LeadingKeys.safeParse(condition);
  const keys = data?.["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] ?? [];
  return [...new Set(keys.map((key) => key.replace(/#\*$/, "")))];
}

const isUnlimited = (statement: PolicyStatement) =>
  statement.actions.some((action) => action.startsWith("dynamodb:")) && leadingKeys(statement).length === 0;

/**
 * Resources that a role names although nothing names them to the function: neither its environment (by reference or by
 * name) nor its triggers. A key is implied by the resources that it encrypts.
 */
function unknownResources(template: Template, { logicalId, statements }: FunctionPermissions): string[] {
  const told = [
    JSON.stringify(template.Resources[logicalId]?.Properties.Environment ?? {}),
    // Its triggers, and the destination of its failed calls.
    ...textsOf(template, "AWS::Lambda::EventSourceMapping", `"${logicalId}"`),
    ...textsOf(template, "AWS::Lambda::EventInvokeConfig", `"${logicalId}"`),
  ].join();
  const named = statements.flatMap(({ resources }) =>
    resources.flatMap((resource) => referredTo(resource) ?? []),
  );
  return [...new Set(named)].filter((target) => {
    const { Type = "", Properties = {} } = template.Resources[target] ?? {};
    const names = [target, Properties.TableName, Properties.QueueName, Properties.Name];
    // Several accounts' secrets are named to a function by their prefix.
    if (Type === "AWS::SecretsManager::Secret") names.push(String(Properties.Name).replace(/[^/]+$/, ""));
    return Type !== "AWS::KMS::Key" && !names.some((name) => told.includes(JSON.stringify(name ?? "?")));
  });
}

/** A table for people: a line for each function, a column for each resource, the actions in the cells. */
export function permissionsTable(template: Template): Record<string, Record<string, string>> {
  return Object.fromEntries(
    functionPermissions(template).map(({ name, statements }) => {
      const cells: Record<string, string> = {};
      for (const statement of statements) {
        const { actions, resources } = statement;
        const keys = leadingKeys(statement).map((key) => `${key}#`);
        const verbs = [...actions.map((action) => action.replace(/^.*:/, "")), ...keys].join(" ");
        for (const resource of resources) {
          const column = referredTo(resource);
          // Every function has its own log group and X-Ray.
          if (column !== undefined) cells[column] = [cells[column] ?? [], verbs].flat().join(" ");
        }
      }
      return [name, cells];
    }),
  );
}
