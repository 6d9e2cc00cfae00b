import { beforeAll, describe, expect, test } from "vitest";
import { functionPermissions, type Use } from "../../../infra/build/iam-permissions.ts";
import { findPolicyViolations } from "../../../infra/build/policy-checks.ts";
import { resourcesOf, spell, type Template, textsOf } from "../../../infra/build/template.ts";
import { functions } from "../../../infra/resources/functions.ts";
import { isAudited } from "../../../lib/contract/route.ts";
import { IamEvaluator, type IamRequest } from "../../support/iam-evaluator.ts";
import { bundledUses } from "./bundled-uses.ts";
import { everySetting, packageService } from "./packaged-service.ts";

let uses: Map<string, Use>;
beforeAll(async () => {
  uses = await bundledUses();
});

const variants: [what: string, template: () => Template][] = [
  ["in prod", () => packageService({}, "prod").template],
  ["with every documented setting", () => packageService(everySetting).template],
];

const via = (service: string) => ({
  "kms:ViaService": spell({ "Fn::Sub": `${service}.\${AWS::Region}.amazonaws.com` }),
});
const tableActions = ["GetItem", "PutItem", "DeleteItem", "UpdateItem", "Query", "Scan"].map(
  (one) => `dynamodb:${one}`,
);
const queueActions = ["SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"].map(
  (one) => `sqs:${one}`,
);
const keyActions = ["Decrypt", "GenerateDataKey", "Encrypt", "PutKeyPolicy", "ScheduleKeyDeletion"].map(
  (one) => `kms:${one}`,
);
const logsArn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}";
const keyOf = (partition: string) => `${partition}#3700111`;
const partitions = [
  "account",
  "cache",
  "forwarding",
  "idempotency",
  "rate-limit",
  "session",
  "sign-in",
  "sync",
  "token",
  "token-calls",
  "webhook",
  "other",
];

/** Every request of a function that the policies could be asked about, with whether it must be allowed. */
function requestsOf(template: Template, name: string): [request: IamRequest, isDue: boolean][] {
  const role = functionPermissions(template).find((one) => one.name === name);
  const definition = functions.find(({ file }) => file === name);
  const use = uses.get(name);
  if (role === undefined || definition === undefined || use === undefined)
    throw new Error(`no function ${name}`);
  const principal = role.role;
  const isWorker = textsOf(template, "AWS::Lambda::EventSourceMapping", `"${role.logicalId}"`).length > 0;
  // GETs only read what the sync has written, and the schedule only reads the state of the login.
  const isReader = definition.route?.method === "GET";
  const readings: Readonly<Record<string, string[]>> = {
    "operations/get-limits": ["sync", "forwarding"],
    "sync/queue-syncs": ["session", "token"],
  };
  const onlyReads = readings[name] ?? (isReader ? ["sync"] : []);
  const isPost = definition.route?.method === "POST";
  const calls = (service: string) => [...use.actions].some((action) => action.startsWith(`${service}:`));
  const requests: [IamRequest, boolean][] = [];
  const ask = (isDue: boolean, action: string, resource: string, context?: IamRequest["context"]) =>
    requests.push([{ principal, action, resource, ...(context !== undefined && { context }) }, isDue]);
  for (const action of tableActions) {
    for (const partition of partitions) {
      const isUsed = use.actions.has(action) && use.partitions.has(partition);
      const isWrite = action !== "dynamodb:GetItem";
      const isDue =
        isUsed && (partition !== "idempotency" || isPost) && !(isWrite && onlyReads.includes(partition));
      ask(isDue, action, "RecordsTable", { "dynamodb:LeadingKeys": [keyOf(partition)] });
    }
  }
  for (const [logicalId] of resourcesOf(template, "AWS::SecretsManager::Secret")) {
    const action = "secretsmanager:GetSecretValue";
    // A webhook's sender and the jobs have no pseudonym, and open no person's session.
    const hasCaller = definition.route?.scope !== undefined;
    const isSignIn = name === "sign-in/sign-in";
    const readers: Readonly<Record<string, boolean>> = {
      PseudonymSecret: hasCaller,
      SessionSecret: hasCaller || isSignIn,
      SignInSecret: isSignIn,
    };
    ask((readers[logicalId] ?? true) && use.actions.has(action), action, logicalId);
    ask(false, "secretsmanager:PutSecretValue", logicalId);
  }
  for (const action of queueActions) {
    ask(use.actions.has(action) || isWorker, action, "SyncQueue");
    ask(false, action, "SyncQueue", { "aws:SecureTransport": "false" });
    ask(action === "sqs:SendMessage" && definition.schedule !== undefined, action, "ScheduleDeadLetterQueue");
    ask(false, action, "SyncDeadLetterQueue");
    ask(false, action, "BusDeadLetterQueue");
  }
  const stack = String(template.Resources.EventBus?.Properties.Name);
  for (const action of ["logs:CreateLogStream", "logs:PutLogEvents"]) {
    for (const { key } of functions) {
      const stream = `2026/11/26/${stack}-${key}[7]0123456789abcdef`;
      ask(key === definition.key, action, `${logsArn}:log-group:/${stack}/functions:log-stream:${stream}`);
    }
  }
  ask(use.actions.has("events:PutEvents"), "events:PutEvents", "EventBus");
  ask(false, "sns:Publish", "AlarmTopic");
  const services = {
    dynamodb: calls("dynamodb"),
    secretsmanager: calls("secretsmanager"),
    sqs: calls("sqs") || isWorker,
  };
  if (definition.schedule !== undefined) services.sqs = true;
  for (const [service, isCalled] of Object.entries(services)) {
    ask(isCalled, "kms:Decrypt", "DataKey", via(service));
    for (const action of keyActions) {
      ask(false, action, "OperationsKey", via(service));
      if (/Put|Schedule/.test(action)) ask(false, action, "DataKey", via(service));
    }
  }
  ask(services.sqs, "kms:GenerateDataKey", "DataKey", via("sqs"));
  ask(false, "kms:Decrypt", "DataKey");
  ask(false, "kms:Decrypt", "DataKey", via("s3"));
  return requests;
}

describe.each(variants)("%s", (_, variant) => {
  test("each function's role may do what its code asks for, on its keys and resources, and nothing else", () => {
    const template = variant();
    const iam = new IamEvaluator(template);
    const wrong = functionPermissions(template).flatMap(({ name }) =>
      requestsOf(template, name).filter(([request, isDue]) => iam.isAllowed(request) !== isDue),
    );
    expect(wrong).toEqual([]);
  });

  test("no policy is open to other accounts, other channels, or closed to who needs it", () => {
    expect(findPolicyViolations(variant())).toEqual([]);
  });

  test("functions that write may add lines to the audit, and no function may read it, cut it or end it", () => {
    const template = variant();
    const iam = new IamEvaluator(template);
    const stack = String(template.Resources.AuditLogs?.Properties.LogGroupName);
    const group = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:${stack}`;
    const others =
      "CreateLogStream DeleteLogStream DeleteLogGroup PutRetentionPolicy GetLogEvents FilterLogEvents";
    for (const { name, role: principal } of functionPermissions(template)) {
      const definition = functions.find(({ file }) => file === name);
      const isWriter = definition?.permissions.audit === true;
      if (definition?.route !== undefined)
        expect([name, isWriter]).toEqual([name, isAudited(definition.route)]);
      const put = { principal, action: "logs:PutLogEvents", resource: `${group}:log-stream:writes` };
      expect([name, iam.isAllowed(put)]).toEqual([name, isWriter]);
      for (const action of others.split(" ")) {
        for (const resource of [group, put.resource]) {
          expect(iam.isAllowed({ principal, action: `logs:${action}`, resource }), `${name} ${action}`).toBe(
            false,
          );
        }
      }
    }
  });

  test("schedules may call their own function, and CodeDeploy and schedules of other accounts get no role", () => {
    const template = variant();
    const iam = new IamEvaluator(template);
    const here = { "aws:SourceAccount": "${AWS::AccountId}" };
    const group = "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default";
    for (const role of ["QueueSyncsScheduleRole", "RenewSubscriptionsScheduleRole"]) {
      const scheduler = "scheduler.amazonaws.com";
      expect(iam.mayAssume(role, scheduler, { ...here, "aws:SourceArn": group })).toBe(true);
      expect(
        iam.mayAssume(role, scheduler, { "aws:SourceAccount": "999999999999", "aws:SourceArn": group }),
      ).toBe(false);
      expect(iam.mayAssume(role, "lambda.amazonaws.com", here)).toBe(false);
      const dead = { principal: role, action: "sqs:SendMessage", resource: "ScheduleDeadLetterQueue" };
      expect(iam.isAllowed(dead)).toBe(true);
      const key = {
        principal: role,
        action: "kms:GenerateDataKey",
        resource: "DataKey",
        context: via("sqs"),
      };
      expect(iam.isAllowed(key)).toBe(true);
      expect(iam.isAllowed({ ...key, context: via("dynamodb") })).toBe(false);
    }
  });

  test("AWS's services may use keys, queue and topic for this account's resources only", () => {
    const iam = new IamEvaluator(variant());
    const arn = (service: string, name: string) =>
      `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${name}`;
    const stage = String(variant().Resources.AlarmTopic?.Properties.TopicName).replace(/-alarms$/, "");
    const sources: [service: string, action: string, resource: string, source: string][] = [
      ["events.amazonaws.com", "kms:GenerateDataKey", "DataKey", arn("events", `event-bus/${stage}`)],
      ["events.amazonaws.com", "sqs:SendMessage", "BusDeadLetterQueue", arn("events", `event-bus/${stage}`)],
      [
        "cloudwatch.amazonaws.com",
        "sns:Publish",
        "AlarmTopic",
        arn("cloudwatch", `alarm:${stage}-api-faults`),
      ],
      [
        "cloudwatch.amazonaws.com",
        "kms:GenerateDataKey",
        "OperationsKey",
        arn("cloudwatch", `alarm:${stage}-api-faults`),
      ],
    ];
    for (const [principal, action, resource, source] of sources) {
      const context = { "aws:SourceAccount": "${AWS::AccountId}", "aws:SourceArn": source };
      const request = { principal, action, resource, context };
      expect(iam.isAllowed(request), `${principal} ${action}`).toBe(true);
      expect(
        iam.isAllowed({ ...request, context: { ...context, "aws:SourceAccount": "999999999999" } }),
      ).toBe(false);
      expect(iam.isAllowed({ ...request, context: { ...context, "aws:SourceArn": "arn:other" } })).toBe(
        false,
      );
      expect(iam.isAllowed({ ...request, principal: "ec2.amazonaws.com" })).toBe(false);
    }
    const logs = {
      principal: "logs.${AWS::Region}.amazonaws.com",
      action: "kms:Encrypt",
      resource: "OperationsKey",
    };
    const group = arn("logs", `log-group:/${stage}/functions`);
    const context = { "kms:EncryptionContext:aws:logs:arn": group };
    expect(iam.isAllowed({ ...logs, context })).toBe(true);
    expect(
      iam.isAllowed({
        ...logs,
        context: { "kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:x") },
      }),
    ).toBe(false);
    expect(iam.isAllowed({ ...logs, resource: "DataKey", context })).toBe(false);
  });
});

test("a key's administrator administers it and reads nothing with it, and the secret's reader reads only that", () => {
  const iam = new IamEvaluator(packageService(everySetting).template);
  const { KEY_ADMINISTRATOR_ARN: administrator } = everySetting;
  for (const resource of ["DataKey", "OperationsKey"]) {
    expect(iam.isAllowed({ principal: administrator, action: "kms:PutKeyPolicy", resource })).toBe(true);
    const decrypt = { principal: administrator, action: "kms:Decrypt", resource, context: via("dynamodb") };
    expect(iam.isAllowed(decrypt)).toBe(false);
  }
});
