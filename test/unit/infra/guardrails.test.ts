import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { findAlarmViolations } from "../../../infra/build/alarm-checks.ts";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { gatewayRoutes } from "../../../infra/build/gateway-routes.ts";
import { findGuardrailViolations } from "../../../infra/build/guardrails.ts";
import { type Resource, resourcesOf, type Template } from "../../../infra/build/template.ts";
import { metricsOfDashboards } from "../../../infra/build/template-metrics.ts";
import { problems } from "../../../lib/contract/problems.ts";
import { packageService } from "./packaged-service.ts";

let template: Template;
let prod: Template;
beforeAll(() => {
  template = packageService().template;
  prod = packageService({}, "prod").template;
});

test("data at rest is encrypted, logs expire, failures reach a dead-letter queue and every part has an alarm", () => {
  expect(findGuardrailViolations(template)).toEqual([]);
  expect(findGuardrailViolations(prod)).toEqual([]);
});

describe("a guardrail violation is", () => {
  const queue: Resource = {
    Type: "AWS::SQS::Queue",
    Properties: { QueueName: "work", KmsMasterKeyId: { Ref: "DataKey" } },
  };
  const changes: [what: string, change: (resources: Template["Resources"]) => unknown, sentence: RegExp][] = [
    [
      "a table on a key that is not ours",
      ({ RecordsTable }) =>
        Object.assign(RecordsTable?.Properties ?? {}, { SSESpecification: { SSEEnabled: true } }),
      /^RecordsTable .* is not encrypted with a key of ours$/,
    ],
    [
      "a log group without encryption",
      ({ HttpApiLogGroup }) => delete HttpApiLogGroup?.Properties.KmsKeyId,
      /^HttpApiLogGroup/,
    ],
    [
      "a log group that keeps its lines permanently",
      ({ HttpApiLogGroup }) => delete HttpApiLogGroup?.Properties.RetentionInDays,
      /^HttpApiLogGroup does not say how many days/,
    ],
    [
      "a function without a log group",
      ({ GetHealthLambdaFunction }) => delete GetHealthLambdaFunction?.Properties.LoggingConfig,
      /^GetHealthLambdaFunction logs to a group/,
    ],
    [
      "a secret that goes with the stack",
      ({ RingCentralSecret0 }) => delete RingCentralSecret0?.DeletionPolicy,
      /^RingCentralSecret0 would be deleted/,
    ],
    [
      "a store of a type without a rule",
      (resources) => Object.assign(resources, { Files: { Type: "AWS::EFS::FileSystem", Properties: {} } }),
      /^Files keeps data, and no rule says/,
    ],
    [
      "a queue without dead letters",
      (resources) => Object.assign(resources, { Work: queue }),
      /^Work has no dead-letter queue$/,
    ],
    [
      "dead letters that no alarm watches",
      (resources) => {
        const RedrivePolicy = { deadLetterTargetArn: { "Fn::GetAtt": ["Dead", "Arn"] }, maxReceiveCount: 3 };
        const Dead = { ...queue, Properties: { ...queue.Properties, QueueName: "dead" } };
        const Work = { ...queue, Properties: { ...queue.Properties, RedrivePolicy } };
        Object.assign(resources, { Work, Dead });
      },
      /^no alarm watches messages in Dead$/,
    ],
    [
      "a function without an alarm",
      (resources) => delete resources.GetHealthCrashesAlarm,
      /^no alarm watches the crashes of GetHealth/,
    ],
    [
      "an alarm without an action",
      ({ ApiLatencyAlarm }) => delete ApiLatencyAlarm?.Properties.AlarmActions,
      /^ApiLatencyAlarm has no action on the alarm topic$/,
    ],
    [
      "an API without an alarm on its errors",
      (resources) => delete resources.ApiFaultsAlarm,
      /^no alarm watches the 5xx responses/,
    ],
    [
      "a route past the alias",
      (resources) => {
        const api = JSON.stringify(resources.HttpApi).replace("getHealth:live/", "getHealth/");
        Object.assign(resources, { HttpApi: JSON.parse(api) });
      },
      /^GET \/healthz calls a function directly/,
    ],
  ];
  test.each(changes)("%s", (_, change, sentence) => {
    const copy = structuredClone(template);
    change(copy.Resources);
    expect(findGuardrailViolations(copy)).toEqual([expect.stringMatching(sentence)]);
  });

  test("a schedule whose calls may get lost", () => {
    const copy = structuredClone(template);
    const Arn = { "Fn::Join": [":", [{ "Fn::GetAtt": ["GetHealthLambdaFunction", "Arn"] }, "live"]] };
    copy.Resources.Nightly = { Type: "AWS::Scheduler::Schedule", Properties: { Target: { Arn } } };
    expect(findGuardrailViolations(copy)).toEqual([
      "Nightly has no dead-letter queue for calls that cannot be delivered",
      "GetHealthLambdaFunction is called asynchronously, and no queue takes the calls that fail",
    ]);
  });
});

describe("alarms", () => {
  const runbooks = join(projectRoot, "docs/runbooks");
  const descriptions = () =>
    resourcesOf(prod, "AWS::CloudWatch::Alarm").map(([, { Properties }]) =>
      String(Properties.AlarmDescription),
    );
  const code = () =>
    readdirSync(join(projectRoot, "lib"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(projectRoot, "lib", file), "utf8"))
      .join("\n");
  const pageOf = (description: string) => /What to do: docs\/runbooks\/([a-z-]+\.md)$/.exec(description)?.[1];

  test("each alarm says what is wrong and names an existing runbook", () => {
    for (const description of descriptions()) {
      const page = pageOf(description);
      expect(page, description).toBeDefined();
      expect(existsSync(join(runbooks, page ?? "")), page).toBe(true);
    }
  });

  test("each runbook belongs to an alarm and has its meaning, Diagnose, Fix and Verify", () => {
    const reached = new Set(descriptions().map(pageOf));
    // A procedure that no alarm asks for.
    reached.add("restore.md");
    for (const page of readdirSync(runbooks).filter((file) => file !== "README.md")) {
      expect(reached, page).toContain(page);
      const titles = readFileSync(join(runbooks, page), "utf8").match(/^##? .*$/gm) ?? [];
      expect(titles.slice(1), page).toEqual(["## What it means", "## Diagnose", "## Fix", "## Verify"]);
    }
  });

  test("the page on 5xx responses names every such code", () => {
    const page = readFileSync(join(runbooks, "api-faults.md"), "utf8");
    for (const [code, { status }] of Object.entries(problems)) {
      if (status >= 500) expect(page, code).toContain(`\`${code}\``);
    }
  });

  test("the saved queries use fields that the log lines have", () => {
    const asked = resourcesOf(prod, "AWS::Logs::QueryDefinition").map(([, { Properties }]) =>
      String(Properties.QueryString),
    );
    expect(asked.length).toBeGreaterThan(2);
    const words =
      /\bas \w+|\b(?:fields|filter|stats|sort|by|and|or|like|desc|count|latest|pct|calls|responses|ID)\b/g;
    for (const query of asked) {
      const bare = query.replace(/"[^"]*"|\/[^/]*\/|@\w+|\b\d+\b/g, " ").replace(words, " ");
      for (const [field] of bare.matchAll(/[A-Za-z]\w*/g)) {
        expect(code(), query).toMatch(new RegExp(`\\b${field}\\b *[:,}(]`));
      }
    }
  });

  test("links between the pages have a target", () => {
    for (const folder of ["docs", "docs/runbooks"]) {
      for (const file of readdirSync(join(projectRoot, folder)).filter((name) => name.endsWith(".md"))) {
        const links = readFileSync(join(projectRoot, folder, file), "utf8").matchAll(
          /\]\((?!https?:)([^)#]+)/g,
        );
        for (const [, target = ""] of links) {
          expect(existsSync(join(projectRoot, folder, target)), `${folder}/${file}: ${target}`).toBe(true);
        }
      }
    }
  });

  test("alarms and graphs read metrics that the functions print or AWS publishes, by their dimensions", () => {
    expect(findAlarmViolations(template)).toEqual([]);
    expect(findAlarmViolations(prod)).toEqual([]);
    expect(metricsOfDashboards(prod).length).toBeGreaterThan(30);
  });

  test("the alarms of a function and of the API roll back its new version", () => {
    const groups = resourcesOf(prod, "AWS::CodeDeploy::DeploymentGroup");
    expect(groups).toHaveLength(resourcesOf(prod, "AWS::Lambda::Function").length);
    for (const [logicalId, { Properties }] of groups) {
      const name = logicalId.replace("DeploymentGroup", "");
      expect(Properties).toMatchObject({
        DeploymentConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: expect.arrayContaining(["DEPLOYMENT_STOP_ON_ALARM"]),
        },
        AlarmConfiguration: {
          Enabled: true,
          Alarms: [`${name}CrashesAlarm`, "ApiFaultsAlarm", "ApiLatencyAlarm"].map((Ref) => ({
            Name: { Ref },
          })),
        },
      });
      expect(prod.Resources[`${name}LambdaAlias`]).toMatchObject({
        UpdatePolicy: { CodeDeployLambdaAliasUpdate: { DeploymentGroupName: { Ref: logicalId } } },
      });
    }
  });
});

describe("the dashboard", () => {
  const Body = z.object({
    widgets: z.array(
      z.object({
        x: z.number(),
        y: z.number(),
        width: z.number(),
        height: z.number(),
        type: z.enum(["alarm", "metric"]),
        properties: z.looseObject({ title: z.string(), alarms: z.optional(z.array(z.string())) }),
      }),
    ),
  });
  const body = () => {
    const { "Fn::Sub": text } = z
      .object({ "Fn::Sub": z.string() })
      .parse(prod.Resources.Dashboard?.Properties.DashboardBody);
    return Body.parse(JSON.parse(text));
  };

  test("shows every alarm", () => {
    const names = resourcesOf(prod, "AWS::CloudWatch::Alarm").map(
      ([, { Properties }]) => Properties.AlarmName,
    );
    const shown = body().widgets.flatMap(({ properties }) => properties.alarms ?? []);
    expect(shown.map((arn) => arn.replace(/^.*:alarm:/, "")).sort()).toEqual(names.sort());
  });

  test("fills its 24 columns without overlapping graphs", () => {
    const taken = body().widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, n) => `${x + (n % width)},${y + Math.floor(n / width)}`),
    );
    expect(new Set(taken).size).toBe(taken.length);
    expect(Math.max(...body().widgets.map(({ x, width }) => x + width))).toBe(24);
  });
});

describe("stages", () => {
  test("only prod is protected against deletion, reserves concurrency and keeps its logs for 90 days", () => {
    expect(prod.Resources.RecordsTable?.Properties.DeletionProtectionEnabled).toBe(true);
    expect(template.Resources.RecordsTable?.Properties.DeletionProtectionEnabled).toBe(false);
    expect(prod.Resources.HttpApiLogGroup?.Properties.RetentionInDays).toBe(90);
    const reserved = (of: Template) =>
      resourcesOf(of, "AWS::Lambda::Function").map(
        ([, { Properties }]) => Properties.ReservedConcurrentExecutions,
      );
    expect(reserved(template)).toEqual(reserved(template).map(() => undefined));
    expect(reserved(prod).every((value) => Number(value) >= 5)).toBe(true);
    const sum = reserved(prod).reduce((total: number, value) => total + Number(value), 0);
    expect(sum).toBeLessThanOrEqual(900);
  });

  test("every route has its own throttle", () => {
    const { RouteSettings } = Object(prod.Resources.HttpApiStage?.Properties);
    const keys = gatewayRoutes(prod).map(({ key }) => key);
    expect(Object.keys(RouteSettings).sort()).toEqual(keys.sort());
  });

  test("the gateway writes no metrics by route: they cost, and nothing reads them", () => {
    expect(JSON.stringify(prod.Resources.HttpApiStage?.Properties)).not.toContain("DetailedMetricsEnabled");
  });
});
