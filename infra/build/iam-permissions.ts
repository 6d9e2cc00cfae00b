import * as z from "zod/mini";
import { type PolicyStatement, statementsOf } from "./policies.ts";
import { type Resource, referredTo, resourcesOf, spell, type Template } from "./template.ts";

/** What one function may do, as its role in the packaged template says. */
export interface FunctionPermissions {
  /** Its place under `functions/`: `extensions/list-blocked-numbers`. */
  name: string;
  logicalId: string;
  role: string;
  statements: PolicyStatement[];
}

/** @throws when a function has no role of the template's own */
export function functionPermissions(template: Template): FunctionPermissions[] {
  return resourcesOf(template, "AWS::Lambda::Function").map(([logicalId, { Properties }]) => {
    const role = referredTo(Properties.Role);
    const resource = role === undefined ? undefined : template.Resources[role];
    if (role === undefined || resource === undefined)
      throw new Error(`${logicalId} has no role in the template`);
    if (Properties.ManagedPolicyArns !== undefined) throw new Error(`${role} has policies from elsewhere`);
    const trust = resource.Properties.AssumeRolePolicyDocument;
    const granted = {
      ...resource,
      Properties: { ...resource.Properties, AssumeRolePolicyDocument: undefined },
    };
    if (trust === undefined) throw new Error(`${role} has no trust policy`);
    return { name: nameOf(Properties.Handler), logicalId, role, statements: statementsOf(role, granted) };
  });
}

/** `functions/ops/get-health.handler` is `ops/health`. */
function nameOf(handler: unknown): string {
  return String(handler).replace(/^functions\/(.*)\.handler$/, "$1");
}

/**
 * The actions that Lambda itself takes with a function's role: its set-up asks for them, not its code.
 */
function platformActions(template: Template, { logicalId, statements }: FunctionPermissions): Set<string> {
  const actions = new Set(["logs:CreateLogStream", "logs:PutLogEvents"]);
  const { Properties = {} }: Partial<Resource> = template.Resources[logicalId] ?? {};
  if (spell(Properties.TracingConfig).includes("Active")) {
    actions.add("xray:PutTraceSegments").add("xray:PutTelemetryRecords");
  }
  const isOfFunction = (value: unknown) => JSON.stringify(value ?? "").includes(`"${logicalId}"`);
  const has = (type: string, property = "FunctionName") =>
    resourcesOf(template, type).some(([, resource]) => isOfFunction(resource.Properties[property]));
  if (has("AWS::Lambda::EventSourceMapping")) {
    for (const action of ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
      actions.add(action);
  }
  if (Properties.DeadLetterConfig !== undefined || has("AWS::Lambda::EventInvokeConfig")) {
    actions.add("sqs:SendMessage");
  }
  // A key may be used through a service only, and only through one that the function may call.
  for (const { actions: named, condition } of statements) {
    const services = JSON.stringify(condition.StringEquals?.["kms:ViaService"] ?? []);
    for (const action of named.filter((one) => one.startsWith("kms:"))) {
      const callable = statements.some(({ actions: others }) =>
        others.some((other) => !other.startsWith("kms:") && services.includes(`"${other.split(":")[0]}.`)),
      );
      if (callable) actions.add(action);
    }
  }
  return actions;
}

/**
 * Permissions that nothing uses, and uses that no permission allows.
 * @param used the IAM actions that a function's code can ask for, by the function's name
 * @returns a sentence for each violation
 */
export function findPermissionViolations(
  template: Template,
  used: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  return functionPermissions(template).flatMap((permissions) => {
    const code = used.get(permissions.name);
    if (code === undefined)
      return [`${permissions.name} is in the template, but no such function was bundled`];
    const platform = platformActions(template, permissions);
    const granted = new Set(permissions.statements.flatMap(({ actions }) => actions));
    const unused = [...granted].filter((action) => !code.has(action) && !platform.has(action));
    const missing = [...code].filter((action) => !granted.has(action));
    const foreign = foreignResources(template, permissions);
    return [
      ...foreign.map((resource) => `${permissions.name} may use ${resource}, which nothing tells it of`),
      ...unused.map((action) => `${permissions.name} may ${action}, which its code does not use`),
      ...missing.map(
        (action) => `${permissions.name} uses ${action}, which ${permissions.role} does not allow`,
      ),
    ];
  });
}

const Names = z.object({
  TableName: z.optional(z.string()),
  QueueName: z.optional(z.string()),
  Name: z.optional(z.string()),
});

/**
 * Resources that a role names although nothing names them to the function: no variable of its environment (by
 * reference or by name), nor how the function is called. Keys are known through what is encrypted with them.
 */
function foreignResources(template: Template, { logicalId, statements }: FunctionPermissions): string[] {
  const environment = JSON.stringify(template.Resources[logicalId]?.Properties.Environment ?? {});
  const callers = Object.values(template.Resources)
    .filter(
      ({ Type }) => Type === "AWS::Lambda::EventSourceMapping" || Type === "AWS::Lambda::EventInvokeConfig",
    )
    .map(({ Properties }) => JSON.stringify(Properties))
    .filter((text) => text.includes(`"${logicalId}"`));
  const isTold = (name: string) => [environment, ...callers].some((text) => text.includes(`"${name}"`));
  const named = statements.flatMap(({ resources }) =>
    resources.flatMap((resource) => /^\$\{([A-Za-z]\w*)(?:\.\w+)?\}$/.exec(resource)?.[1] ?? []),
  );
  return [...new Set(named)].filter((target) => {
    const resource = template.Resources[target];
    if (resource?.Type === "AWS::KMS::Key") return false;
    const names = Object.values(Names.safeParse(resource?.Properties).data ?? {});
    return ![target, ...names].some((name) => name !== undefined && isTold(name));
  });
}

/** For reading: one line a function, one column a resource, the actions in the cells. */
export function permissionsTable(template: Template): Record<string, Record<string, string>> {
  return Object.fromEntries(
    functionPermissions(template).map(({ name, statements }) => {
      const cells: Record<string, string> = {};
      for (const { actions, resources } of statements) {
        for (const resource of resources) {
          const column = columnOf(resource);
          const verbs = actions.map((action) => action.replace(/^.*:/, "")).join(" ");
          cells[column] = cells[column] === undefined ? verbs : `${cells[column]} ${verbs}`;
        }
      }
      return [name, cells];
    }),
  );
}

function columnOf(resource: string): string {
  if (resource.includes(":log-group:")) return "own log group";
  if (resource === "*") return "X-Ray";
  return /^\$\{(\w+)(?:\.\w+)?\}/.exec(resource)?.[1] ?? resource;
}
