import { beforeAll, describe, expect, test } from "vitest";
import {
  findPermissionViolations,
  functionPermissions,
  type Use,
} from "../../../infra/build/iam-permissions.ts";
import { findWildcards, policyStatements } from "../../../infra/build/policies.ts";
import { resourcesOf, spell, type Template } from "../../../infra/build/template.ts";
import { actionsIn, partitionsIn } from "../../../infra/build/used-actions.ts";
import { bundledUses } from "./bundled-uses.ts";
import { everySetting, packageService } from "./packaged-service.ts";

let template: Template;
let uses: Map<string, Use>;
beforeAll(async () => {
  template = packageService().template;
  uses = await bundledUses();
});

const used = () => new Map(uses);

/** The template with one more statement in a function's role. */
function granting(name: string, statement: object): Template {
  const changed = structuredClone(template);
  const role = functionPermissions(template).find((permissions) => permissions.name === name)?.role ?? "";
  const resource = changed.Resources[role];
  if (resource === undefined) throw new Error(`no role of ${name}`);
  const policy = { PolicyName: "more", PolicyDocument: { Statement: [{ Effect: "Allow", ...statement }] } };
  resource.Properties.Policies = [resource.Properties.Policies, policy].flat();
  return changed;
}

describe("IAM permissions", () => {
  test("no policy in the template is wider than AWS requires", () => {
    expect(findWildcards(policyStatements(template))).toEqual([]);
  });

  test("every function has the permissions that its code uses, and no others", () => {
    expect(findPermissionViolations(template, used())).toEqual([]);
  });

  test("of several accounts' secrets are those that the functions are told of", () => {
    expect(findPermissionViolations(packageService(everySetting).template, used())).toEqual([]);
  });

  test("functions that need no token may access neither table, secret nor keys", () => {
    for (const name of ["operations/get-health", "operations/get-openapi"]) {
      const permissions = functionPermissions(template).find((one) => one.name === name);
      expect(
        permissions?.statements.flatMap(({ actions }) => actions).filter((a) => !/^(logs|xray):/.test(a)),
      ).toEqual([]);
    }
  });

  test("no two functions share a role", () => {
    const roles = functionPermissions(template).map(({ role }) => role);
    expect(new Set(roles).size).toBe(roles.length);
  });

  test("only this API's gateway may call a function that serves a route", () => {
    const permissions = resourcesOf(template, "AWS::Lambda::Permission").map(
      ([, { Properties }]) => Properties,
    );
    const gateway = permissions.filter(({ Principal }) => Principal === "apigateway.amazonaws.com");
    expect(gateway.length).toBeGreaterThanOrEqual(17);
    for (const { SourceArn } of gateway)
      expect(spell(SourceArn)).toMatch(/:execute-api:.*:\$\{HttpApi\}\/\*$/);
  });
});

describe("the permission check finds", () => {
  const table = { "Fn::GetAtt": ["RecordsTable", "Arn"] };

  test("a permission that the code does not use", () => {
    const wider = granting("extensions/list-blocked-numbers", { Action: ["dynamodb:Scan"], Resource: table });
    expect(findPermissionViolations(wider, used())).toEqual([
      "extensions/list-blocked-numbers may dynamodb:Scan, which its code does not use",
      "extensions/list-blocked-numbers may use every key of the table",
    ]);
  });

  test("a public function that may read the table", () => {
    const wider = granting("operations/get-health", { Action: ["dynamodb:GetItem"], Resource: table });
    expect(findPermissionViolations(wider, used())).toEqual([
      "operations/get-health may dynamodb:GetItem, which its code does not use",
      "operations/get-health may use every key of the table",
    ]);
  });

  test("a command in the code that the role does not allow", () => {
    const uses = used().set("operations/get-health", {
      actions: new Set(["sqs:SendMessage"]),
      partitions: new Set(),
    });
    expect(findPermissionViolations(template, uses)).toEqual([
      "operations/get-health uses sqs:SendMessage, which GetHealthRole does not allow",
    ]);
  });

  test("a permission that the code uses, on a queue of another function", () => {
    const queue = { "Fn::GetAtt": ["ScheduleDeadLetterQueue", "Arn"] };
    const wider = granting("webhooks/receive-ringcentral-event", {
      Action: ["sqs:SendMessage"],
      Resource: queue,
    });
    expect(findPermissionViolations(wider, used())).toEqual([
      "webhooks/receive-ringcentral-event may use ScheduleDeadLetterQueue, which nothing names to it",
    ]);
  });

  test("a key that can be used without a service that the function calls", () => {
    const key = { "Fn::GetAtt": ["DataKey", "Arn"] };
    const wider = granting("operations/get-health", { Action: ["kms:Decrypt"], Resource: key });
    expect(findPermissionViolations(wider, used())).toHaveLength(1);
  });

  const wildcards: [what: string, statement: object][] = [
    ["all actions of a service", { Action: ["dynamodb:*"], Resource: table }],
    ["any resource", { Action: ["secretsmanager:GetSecretValue"], Resource: "*" }],
    [
      "every log group",
      { Action: ["logs:PutLogEvents"], Resource: { "Fn::Sub": "arn:aws:logs:*:*:log-group:*" } },
    ],
    [
      "all tables with a prefix",
      { Action: ["dynamodb:GetItem"], Resource: { "Fn::Sub": "table/ringfront-*" } },
    ],
  ];
  test.each(wildcards)("%s", (_, statement) => {
    expect(findWildcards(policyStatements(granting("operations/get-health", statement)))).toHaveLength(1);
  });

  test("a statement by exclusion, which is an unknown form", () => {
    const hidden = granting("operations/get-health", { NotAction: ["iam:PassRole"], Resource: table });
    expect(() => policyStatements(hidden)).toThrow("unknown form");
  });
});

describe("a module's use of AWS", () => {
  test("is the commands that it imports by name, in IAM's terms", () => {
    const source = `
      import { GetItemCommand, type PutItemCommandInput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
      import {
        SendMessageBatchCommand,
      } from "@aws-sdk/client-sqs";
      export { PutEventsCommand } from "@aws-sdk/client-eventbridge";
      import type { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";`;
    expect(actionsIn(source)).toEqual(["dynamodb:GetItem", "sqs:SendMessage", "events:PutEvents"]);
  });

  test("of the table is the beginnings of the partition keys that it makes", () => {
    const source = `
      const key = { partition: \`webhook#\${accountId}\`, sort: uuid };
      this.partition = accountId === undefined ? "sync" : \`sync#\${accountId}\`;
      const { partition } = key; const text = \`other#\${accountId}\`;`;
    expect(partitionsIn(source)).toEqual(["webhook", "sync"]);
  });

  test("cannot be determined when it imports a whole client", () => {
    expect(() => actionsIn('import * as dynamo from "@aws-sdk/client-dynamodb";')).toThrow(
      "name the commands",
    );
  });
});
