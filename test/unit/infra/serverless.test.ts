import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { gatewayRoutes } from "../../../infra/build/gateway-routes.ts";
import { findGuardrailViolations } from "../../../infra/build/guardrails.ts";
import { findSchemaViolations } from "../../../infra/build/template-schema.ts";
import {
  exceptions,
  functions,
  logicalName,
  serverlessFunctions,
} from "../../../infra/resources/functions.ts";
import { readStack } from "../../../infra/resources/stack.ts";
import { routes } from "../../../lib/contract/routes.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { everySetting, type PackagedService, packageService, tokenSettings } from "./packaged-service.ts";

const Role = z.object({
  Policies: z.array(
    z.object({
      PolicyDocument: z.object({
        Statement: z.array(
          z.object({ Effect: z.string(), Action: z.array(z.string()), Resource: z.unknown() }),
        ),
      }),
    }),
  ),
});
const Stage = z.object({
  DefaultRouteSettings: z.looseObject({}),
  RouteSettings: z.record(z.string(), z.unknown()),
  AccessLogSettings: z.object({ Format: z.string() }),
});

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*(\/\/|#).*$/gm, "");

let service: PackagedService;
beforeAll(() => {
  service = packageService();
});

const resourcesOf = (type: string) =>
  Object.entries(service.resources).filter(([, { Type }]) => Type === type);
const propertiesOf = (type: string) => resourcesOf(type).map(([, { Properties }]) => Properties ?? {});

describe("routes", () => {
  const metadata = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
  const ofSignIn = [...metadata, "/oauth/{proxy+}"];
  const declared = [
    ...routes.flatMap((route) =>
      (route.method === "GET" ? ["GET", "HEAD"] : [route.method]).map((method) => ({
        key: route.operationId,
        route: `${method} ${route.path}`,
        // `any`: the authorizer lets every valid token in.
        scopes: "scope" in route ? [route.scope].filter((scope) => scope !== "any") : undefined,
      })),
    ),
    ...ofSignIn.map((path) => ({ key: "signIn", route: `ANY ${path}`, scopes: undefined })),
  ];

  test("serverless.yml serves every route of the contract under its operation id, with its scope, and no other", () => {
    const served = Object.entries(service.functions).flatMap(([key, { events }]) =>
      events.flatMap(({ httpApi }) =>
        httpApi === undefined
          ? []
          : [
              {
                key,
                route: `${httpApi.method.replace("*", "ANY")} ${httpApi.path}`,
                scopes: httpApi.authorizer && (httpApi.authorizer.scopes ?? []),
              },
            ],
      ),
    );
    const byRoute = (a: { route: string }, b: { route: string }) => a.route.localeCompare(b.route);
    expect(served.sort(byRoute)).toEqual(declared.sort(byRoute));
  });

  test("every route with a scope is behind the JWT authorizer, and only the others are public", () => {
    const gateway = Object.fromEntries(
      gatewayRoutes(service.template).map(({ key, functionName, scopes }) => [
        key,
        { functionName, ...(scopes !== undefined && { scopes }) },
      ]),
    );
    const expected = Object.fromEntries(
      declared.map(({ key, route, scopes }) => [
        route,
        { functionName: `ringfront-dev-${key}`, ...(scopes !== undefined && { scopes }) },
      ]),
    );
    expect(gateway).toEqual(expected);
  });

  test("every function file is deployed once, from its own artifact", () => {
    const handlers = Object.values(service.functions).map(({ handler }) => handler);
    const files = globSync("functions/**/*.ts", { cwd: projectRoot });
    expect(handlers.sort()).toEqual(files.map((file) => file.replace(/ts$/, "handler")).sort());
    const artifacts = Object.values(service.functions).map((definition) => definition.package.artifact);
    expect(new Set(artifacts).size).toBe(handlers.length);
  });

  test("every other property of a function follows from its declaration", () => {
    for (const { key, route, paths } of functions) {
      const name = logicalName(key);
      const parts = ["LambdaFunction", "LambdaAlias", "Role", "CrashesAlarm"];
      for (const part of parts) expect(service.resources, key).toHaveProperty(`${name}${part}`);
      if (paths !== undefined) expect(service.resources).toHaveProperty(`${name}LambdaPermissionHttpApi`);
      if (route === undefined) continue;
      expect(service.resources, key).toHaveProperty(`${name}LambdaPermissionHttpApi`);
      const stage = Stage.parse(service.resources.HttpApiStage?.Properties);
      expect(Object.keys(stage.RouteSettings), key).toContain(`${route.method} ${route.path}`);
    }
  });

  test("infra names a route only where it is an exception to the rules, so a new route needs no edit there", () => {
    const files = readdirSync(join(projectRoot, "infra"), { recursive: true, encoding: "utf8" });
    const sources = ["serverless.yml", ...files.map((file) => join("infra", file))]
      .filter((file) => /\.(ts|js|mjs|yml|json)$/.test(file) && !file.endsWith("resources/functions.ts"))
      .map((file) => [file, withoutComments(readFileSync(join(projectRoot, file), "utf8"))] as const);
    const serving = functions.filter(({ route }) => route?.scope !== undefined);
    const places = serving.flatMap(({ key, file }) =>
      sources
        .filter(([, text]) => new RegExp(`\\b${key}\\b|${file}`).test(text))
        .map(([path]) => `${key}: ${path}`),
    );
    expect(places).toEqual([]);
    const known = routes.map(({ operationId }) => operationId);
    expect(Object.keys(exceptions).filter((key) => !known.includes(key))).toEqual([]);
  });

  test("no function that serves a route may run longer than the gateway waits", () => {
    const served = Object.entries(service.functions).filter(([, { events }]) =>
      events.some((event) => event.httpApi),
    );
    for (const [, { timeout = 15 }] of served) expect(timeout).toBeLessThan(30);
  });
});

describe("least privilege", () => {
  const statementsOf = (logicalId: string) => {
    const { Policies } = Role.parse(service.resources[logicalId]?.Properties);
    return Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  };

  test("each function has its own role, and there is no shared one", () => {
    const roles = Object.entries(service.functions).map(([key, { role }]) => {
      expect(role.toLowerCase()).toBe(`${key}role`.toLowerCase());
      return role;
    });
    roles.push("QueueSyncsScheduleRole", "RenewSubscriptionsScheduleRole");
    expect(
      resourcesOf("AWS::IAM::Role")
        .map(([logicalId]) => logicalId)
        .sort(),
    ).toEqual(roles.sort());
  });

  const arnOf = (logicalId: string) => ({ "Fn::GetAtt": [logicalId, "Arn"] });
  const credentials = { Ref: "RingCentralSecret0" };
  const pseudonyms = { Ref: "PseudonymSecret" };
  const sessions = { Ref: "SessionSecret" };
  const account = [[credentials, pseudonyms, sessions], arnOf("RecordsTable")];
  const audit = {
    "Fn::Sub":
      "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/ringfront-dev/audit:log-stream:writes",
  };
  // They have no caller.
  const callerless = [credentials, arnOf("RecordsTable")];
  const [queue, key] = [arnOf("SyncQueue"), arnOf("DataKey")];
  const beyondTheAccount: Record<string, unknown[]> = {
    startSync: [audit, ...account, queue, key],
    confirmSyncQuarantine: [audit, ...account, queue, key],
    receiveRingCentralEvent: [...callerless, queue, key],
    renewSubscriptions: [...callerless, arnOf("ScheduleDeadLetterQueue"), key],
    queueSyncs: [
      audit,
      arnOf("RecordsTable"),
      arnOf("RecordsTable"),
      queue,
      arnOf("ScheduleDeadLetterQueue"),
      key,
    ],
    runSync: [...callerless, queue, arnOf("EventBus"), key],
    getSyncStatus: [...account, arnOf("RecordsTable"), key],
    listCompanyNumbers: [...account, arnOf("RecordsTable"), key],
    listNumberChanges: [...account, arnOf("RecordsTable"), key],
    getLimits: [...account, arnOf("RecordsTable"), key],
    // Nothing else reads the signing keys.
    signIn: [audit, [credentials, sessions, { Ref: "SignInSecret" }], arnOf("RecordsTable"), key],
    getHealth: [],
    getOpenApi: [],
    getDocs: [],
    getErrorCatalogue: [],
    listGuides: [],
    getGuide: [],
    getConsole: [],
  };

  const isWrite = (name: string) =>
    routes.some(({ operationId, method }) => operationId === name && method !== "GET");

  test("a role names the function's log streams and its resources: usually the secret and the table", () => {
    for (const [name, { role }] of Object.entries(service.functions)) {
      const [logs, traces, ...others] = statementsOf(role);
      expect(JSON.stringify(logs?.Resource)).toContain(
        `log-group:/ringfront-dev/functions:log-stream:*/ringfront-dev-${name}[*"`,
      );
      expect(traces?.Action).toEqual(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
      expect(others.map(({ Resource }) => Resource)).toEqual(
        beyondTheAccount[name] ?? [...(isWrite(name) ? [audit] : []), ...account, key],
      );
    }
  });

  test("only the sync's worker may take messages from its queue", () => {
    for (const [key, { role }] of Object.entries(service.functions)) {
      const actions = statementsOf(role).flatMap(({ Action }) => Action);
      expect(actions.includes("sqs:ReceiveMessage"), key).toBe(key === "runSync");
    }
  });
});

describe("resources", () => {
  test("the table expires records, is backed up, encrypted and kept", () => {
    const [table] = resourcesOf("AWS::DynamoDB::Table");
    expect(table?.[1].Properties).toMatchObject({
      TableName: "ringfront-dev",
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: false,
    });
    expect(table?.[1]).toMatchObject({ DeletionPolicy: "RetainExceptOnCreate" });
  });

  test("the secret is created without a value: no credential passes through the template", () => {
    const [secret] = propertiesOf("AWS::SecretsManager::Secret");
    expect(Object.keys(secret ?? {}).sort()).toEqual(["Description", "KmsKeyId", "Name"]);
  });

  test("every log group deletes its lines after a time", () => {
    const groups = propertiesOf("AWS::Logs::LogGroup");
    expect(groups.map(({ LogGroupName }) => LogGroupName).sort()).toEqual([
      "/aws/http-api/ringfront-dev",
      "/ringfront-dev/audit",
      "/ringfront-dev/functions",
    ]);
    const page = readFileSync(join(projectRoot, "docs/privacy.md"), "utf8");
    for (const { LogGroupName, RetentionInDays } of groups) {
      expect(page).toContain(`| \`${String(LogGroupName).replace("-dev", "-<stage>")}\` `);
      expect(RetentionInDays).toBe(LogGroupName === "/ringfront-dev/audit" ? 400 : 14);
    }
  });

  test("functions run on arm64 and Node 24, traced, and the gateway throttles and logs", () => {
    for (const lambda of propertiesOf("AWS::Lambda::Function")) {
      expect(lambda).toMatchObject({
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        TracingConfig: { Mode: "Active" },
      });
    }
    const stage = Stage.parse(propertiesOf("AWS::ApiGatewayV2::Stage")[0]);
    expect(stage.DefaultRouteSettings).toMatchObject({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 });
    const { Format } = stage.AccessLogSettings;
    expect(Object.keys(JSON.parse(Format))).toContain("lambdaRequestId");
    expect(Format).not.toMatch(/authorization|querystring|sourceIp/i);
  });

  test("packaging prints no warnings", () => {
    expect(service.output).not.toMatch(/warning|deprecat/i);
  });
});

describe("the number sync", () => {
  const only = (type: string) => {
    const found = propertiesOf(type);
    expect(found).toHaveLength(1);
    return found[0] ?? {};
  };

  test("handles one message of its queue at a time, and reports which messages failed", () => {
    expect(only("AWS::Lambda::EventSourceMapping")).toMatchObject({
      EventSourceArn: { "Fn::GetAtt": ["SyncQueue", "Arn"] },
      BatchSize: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  test("hides a message for longer than a run may take, and keeps failed messages for two weeks", () => {
    const { Properties: queue } = service.resources.SyncQueue ?? {};
    const timeout = service.functions.runSync?.timeout ?? 0;
    expect(queue?.VisibilityTimeout).toBeGreaterThanOrEqual(timeout * 6);
    expect(queue?.RedrivePolicy).toMatchObject({
      deadLetterTargetArn: { "Fn::GetAtt": ["SyncDeadLetterQueue", "Arn"] },
    });
    expect(service.resources.SyncDeadLetterQueue?.Properties?.MessageRetentionPeriod).toBe(14 * 86_400);
  });

  test("is started by EventBridge Scheduler, as is the subscription's renewal, each with a role for that purpose only", () => {
    const schedules = propertiesOf("AWS::Scheduler::Schedule").map(({ ScheduleExpression, Target }) => [
      ScheduleExpression,
      Target,
    ]);
    expect(schedules).toEqual([
      [
        "rate(15 minutes)",
        expect.objectContaining({ RoleArn: { "Fn::GetAtt": ["QueueSyncsScheduleRole", "Arn"] } }),
      ],
      [
        "rate(12 hours)",
        expect.objectContaining({ RoleArn: { "Fn::GetAtt": ["RenewSubscriptionsScheduleRole", "Arn"] } }),
      ],
    ]);
    const role = service.resources.QueueSyncsScheduleRole?.Properties;
    expect(JSON.stringify(role?.AssumeRolePolicyDocument)).toContain("scheduler.amazonaws.com");
    expect(JSON.stringify(role?.Policies)).toContain(
      '[{"Fn::GetAtt":["QueueSyncsLambdaFunction","Arn"]},"live"]',
    );
  });

  test("gets its queue, its bus and its address from the template", () => {
    const variables = (logicalId: string) =>
      z
        .object({ Variables: z.record(z.string(), z.unknown()) })
        .parse(service.resources[logicalId]?.Properties?.Environment).Variables;
    expect(variables("RunSyncLambdaFunction")).toMatchObject({
      SYNC_QUEUE_URL: { Ref: "SyncQueue" },
      EVENT_BUS_NAME: { Ref: "EventBus" },
    });
    const address = JSON.stringify(variables("RenewSubscriptionsLambdaFunction").WEBHOOK_URL);
    expect(address).toContain("HttpApi}.execute-api.");
    expect(address).toContain("/v1/webhooks/ringcentral");
  });
});

describe("the issuer of access tokens", () => {
  const read = (issuer: string) =>
    readStack({ resolveVariable: async (address) => (address === "param:authIssuer" ? issuer : "") });

  test.each([
    "issuer.example.com",
    "http://issuer.example.com",
    "https://",
    "https://issuer.example.com/?tenant=1",
    "https://issuer.example.com/#a",
    "https://user@issuer.example.com",
    "https://issuer.example.com/a b",
  ])("cannot be %s", async (issuer) => {
    await expect(read(issuer)).rejects.toThrow("AUTH_ISSUER");
  });

  test.each(["https://issuer.example.com", "https://example.com/tenant/", "http://127.0.0.1:4010"])(
    "can be %s",
    async (issuer) => {
      expect((await read(issuer)).text("authIssuer")).toBe(issuer);
    },
  );

  test("is checked when the template is made, before anything is sent to AWS", () => {
    expect(() => packageService({ AUTH_ISSUER: "issuer.example.com" })).toThrow("AUTH_ISSUER");
  });
});

describe("settings", () => {
  const Environment = z.object({ Variables: z.record(z.string(), z.unknown()) });
  const variablesOf = ({ resources }: PackagedService) =>
    Object.values(resources)
      .filter(({ Type }) => Type === "AWS::Lambda::Function")
      .map(({ Properties }) => Environment.parse(Properties?.Environment).Variables);

  test("that a document names for the functions can all be deployed", () => {
    const pages = ["docs/operations.md", "docs/guides/identity.md"].map((page) =>
      readFileSync(join(projectRoot, page), "utf8"),
    );
    const table = /\n## Settings\n[\s\S]*?\n## /.exec(pages[0] ?? "")?.[0] ?? "";
    const firstCells = table.match(/^\| `[^|]+\|/gm)?.join("") ?? "";
    const named = new Set([
      ...(firstCells.match(/[A-Z][A-Z_]+(?=`)/g) ?? []),
      ...(pages[1]?.match(/\bAUTH_[A-Z_]+\b/g) ?? []),
    ]);
    expect(named.size).toBeGreaterThan(18);
    const deployed = new Set(variablesOf(service).flatMap((variables) => Object.keys(variables)));
    expect([...named].filter((name) => !deployed.has(name))).toEqual([]);
  });

  test("for tokens reach the gateway's authorizer and every function, with a secret for each of several accounts", () => {
    const env = tokenSettings;
    const packaged = packageService(everySetting);
    const names = ["RingCentralSecret3700111", "RingCentralSecret3700222"];
    for (const variables of variablesOf(packaged)) {
      expect(variables).toMatchObject({
        ...env,
        SYNC_ACCOUNTS: env.SERVED_ACCOUNTS,
        RINGCENTRAL_SECRET_PREFIX: "ringfront/dev/ringcentral/",
      });
      const { TABLE_NAME, PSEUDONYM_SECRET_ID } = variables;
      const settings = readSettings({
        ...env,
        TABLE_NAME: String(TABLE_NAME),
        PSEUDONYM_SECRET_ID: String(PSEUDONYM_SECRET_ID),
        RINGCENTRAL_SECRET_PREFIX: "p/",
      });
      expect(settings).toMatchObject({
        SERVED_ACCOUNTS: ["3700111", "3700222"],
        AUTH_AUDIENCE: ["ios", "android"],
      });
    }
    expect(packaged.resources.HttpApi?.Properties.Body).toMatchObject({
      components: {
        securitySchemes: {
          callers: {
            "x-amazon-apigateway-authorizer": {
              type: "jwt",
              identitySource: "$request.header.Authorization",
              jwtConfiguration: { issuer: env.AUTH_ISSUER, audience: ["ios", "android"] },
            },
          },
        },
      },
    });
    const scopes = gatewayRoutes(packaged.template).flatMap((route) => route.scopes ?? []);
    expect(scopes).toContain("ringfront/numbers:read");
    expect(scopes.filter((scope) => !scope.startsWith("ringfront/"))).toEqual([]);
    for (const name of names) {
      const account = name.slice(-7);
      expect(packaged.resources[name]?.Properties?.Name).toBe(`ringfront/dev/ringcentral/${account}`);
      expect(JSON.stringify(packaged.resources[`${name}Policy`])).toContain('"Effect":"Deny"');
    }
    const role = JSON.stringify(packaged.resources.ListBlockedNumbersRole);
    expect(role).toContain(
      JSON.stringify([...names, "PseudonymSecret", "SessionSecret"].map((Ref) => ({ Ref }))),
    );
    expect(findSchemaViolations(packaged.template)).toEqual([]);
    expect(findGuardrailViolations(packaged.template)).toEqual([]);
  });

  test.each(["AUTH_SCOPE_CLAIMS", "AUTH_GRANTED_SCOPES"])(
    "leave scopes to the functions with %s, which the gateway cannot read",
    (name) => {
      const parameter = name === "AUTH_SCOPE_CLAIMS" ? "authScopeClaims" : "authGrantedScopes";
      const made = serverlessFunctions({ text: (asked) => (asked === parameter ? "x" : "") });
      const events = JSON.stringify(Object.values(made));
      expect(events).toContain('"authorizer":{"name":"callers"}');
      expect(events).not.toContain('"scopes"');
    },
  );

  test.each<[setting: string, env: Record<string, string>]>([
    ["AUTH_AUDIENCE", { AUTH_AUDIENCE: " , " }],
    ["AUTH_TOKEN_TYPE", { AUTH_TOKEN_TYPE: "refresh" }],
    ["AUTH_ACCOUNT_CLAIM", { AUTH_ACCOUNT_CLAIM: "" }],
    ["AUTH_REQUIRED_CLAIMS", { AUTH_REQUIRED_CLAIMS: "hd" }],
    ["SERVED_ACCOUNTS", { SERVED_ACCOUNTS: "" }],
    ["SERVED_ACCOUNTS", { SERVED_ACCOUNTS: "acme" }],
    ["SERVED_ACCOUNTS", { SERVED_ACCOUNTS: "1,2" }],
    ["SYNC_ACCOUNTS", { SYNC_ACCOUNTS: "2" }],
    [
      "SERVED_ACCOUNTS",
      {
        SERVED_ACCOUNTS: "1,2",
        RINGCENTRAL_SECRET_ID: "",
        RINGCENTRAL_SECRET_PREFIX: "p/",
        AUTH_ACCOUNT_CLAIM: "none",
      },
    ],
  ])("are rejected by name: %s of %j", (setting, env) => {
    const good = {
      AUTH_ISSUER: "https://issuer.example.com",
      AUTH_AUDIENCE: "ringfront",
      SERVED_ACCOUNTS: "1",
      TABLE_NAME: "table",
      RINGCENTRAL_SECRET_ID: "secret",
      PSEUDONYM_SECRET_ID: "pseudonyms",
    };
    expect(() => readSettings(good)).not.toThrow();
    expect(() => readSettings({ ...good, ...env })).toThrow(setting);
  });
});

describe("CORS", () => {
  test("without origins the gateway allows no cross-origin request", () => {
    const [api] = propertiesOf("AWS::ApiGatewayV2::Api");
    // API Gateway rejects name, address and CORS beside a body.
    expect(Object.keys(api ?? {})).toEqual(["Body"]);
    expect(JSON.stringify(api)).not.toMatch(/apigateway-cors|disableExecuteApiEndpoint/);
  });

  test("the gateway and the functions use the same configured origins", () => {
    const { resources } = packageService(everySetting);
    expect(resources.HttpApi?.Properties?.Body).toMatchObject({
      // The domain of our own is the only address.
      servers: [{ "x-amazon-apigateway-endpoint-configuration": { disableExecuteApiEndpoint: true } }],
      "x-amazon-apigateway-cors": {
        allowOrigins: ["https://app.example", "https://b.example"],
        allowMethods: expect.arrayContaining(["GET", "HEAD", "DELETE"]),
        allowHeaders: expect.arrayContaining([
          ...["authorization", "idempotency-key", "if-match"],
          ...["traceparent", "tracestate", "baggage", "sentry-trace"],
          ...["x-datadog-trace-id", "x-app-version"],
        ]),
        exposeHeaders: expect.arrayContaining(["retry-after"]),
        maxAge: 3600,
      },
    });
    const environments = Object.values(resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
    for (const lambda of environments) {
      expect(JSON.stringify(lambda.Properties?.Environment)).toContain(
        "https://app.example, https://b.example",
      );
    }
  });
});
