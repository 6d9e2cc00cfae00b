import { beforeAll, describe, expect, test } from "vitest";
import type { Resource, Template } from "../../../infra/build/template.ts";
import { findSchemaViolations } from "../../../infra/build/template-schema.ts";
import { packageService } from "./packaged-service.ts";

let template: Template;
beforeAll(() => {
  template = packageService().template;
});

describe("the packaged template is valid for CloudFormation", () => {
  test("for the stage dev", () => {
    expect(findSchemaViolations(template)).toEqual([]);
    expect(template.Outputs.GatewayAuthorizer?.Value).toBe("jwt");
  });

  test("for the stage prod", () => {
    expect(findSchemaViolations(packageService({}, "prod").template)).toEqual([]);
  });

  test("for another stage, with a custom domain", () => {
    const settings = {
      DOMAIN_NAME: "api.example.com",
      CERTIFICATE_ARN: "arn:aws:acm:us-east-1:123456789012:certificate/1",
      HOSTED_ZONE_ID: "Z0000000000000",
      ALARM_EMAIL: "ops@example.com",
      SECRET_READER_ARN: "arn:aws:iam::123456789012:role/operator",
      AUTH_ISSUER: "https://issuer.example.com",
      SIGN_IN_ISSUER: "https://api.example.com",
    };
    const { template } = packageService(settings, "staging");
    expect(findSchemaViolations(template)).toEqual([]);
    const body = JSON.stringify(template.Resources.HttpApi?.Properties.Body);
    expect(body).toContain('"disableExecuteApiEndpoint":true');
    // With two issuers there is no check that would let only one in.
    expect(body).not.toContain("x-amazon-apigateway-authorizer");
    expect(template.Outputs.ApiUrl?.Value).toBe("https://api.example.com");
    expect(template.Outputs.GatewayAuthorizer?.Value).toBe("none");
  });
});

describe("the template check finds", () => {
  const changed = (change: (resources: Record<string, Resource>) => void) => {
    const copy = structuredClone(template);
    change(copy.Resources);
    return findSchemaViolations(copy);
  };
  const set = (logicalId: string, properties: object) =>
    changed((resources) => Object.assign(resources[logicalId]?.Properties ?? {}, properties));

  test("a resource type that AWS does not have", () => {
    expect(
      changed((resources) =>
        Object.assign(resources, { X: { Type: "AWS::DynamoDB::Tabel", Properties: {} } }),
      ),
    ).toEqual(["X: AWS has no resource type AWS::DynamoDB::Tabel"]);
  });

  test("a property that the type does not have, at any depth", () => {
    expect(set("RecordsTable", { SSESpecification: { SSEEnabled: true, KmsKey: "x" } })).toEqual([
      "RecordsTable.SSESpecification: there is no property KmsKey",
    ]);
  });

  test("a required property that is missing", () => {
    expect(changed((resources) => delete resources.RecordsTable?.Properties.KeySchema)).toEqual([
      "RecordsTable: KeySchema is missing",
    ]);
  });

  test("a value of the wrong type", () => {
    expect(set("ApiFaultsAlarm", { EvaluationPeriods: "5" })).toEqual([
      'ApiFaultsAlarm.EvaluationPeriods must be of type integer, not "5"',
    ]);
  });

  test("a value outside the allowed ones", () => {
    expect(set("DataKey", { KeyUsage: "EVERYTHING" })[0]).toMatch(/^DataKey\.KeyUsage must be one of /);
  });

  test("a reference to a missing resource, also inside a text", () => {
    expect(set("AlarmTopic", { KmsMasterKeyId: { Ref: "NoKey" } })).toEqual([
      "AlarmTopic refers to NoKey, which does not exist",
    ]);
    expect(set("AlarmTopic", { DisplayName: { "Fn::Sub": "of ${Nobody.Arn}" } })).toHaveLength(1);
  });

  test("an attribute that its type does not have", () => {
    expect(set("AlarmTopic", { KmsMasterKeyId: { "Fn::GetAtt": ["OperationsKey", "Name"] } })).toEqual([
      "AlarmTopic asks OperationsKey for Name, which a AWS::KMS::Key does not have",
    ]);
  });

  test("resources that depend on each other", () => {
    const circle = changed((resources) =>
      Object.assign(resources.DataKey ?? {}, { DependsOn: ["RecordsTable"] }),
    );
    expect(circle).toEqual([
      expect.stringMatching(/a cycle: .*DataKey -> RecordsTable|RecordsTable -> DataKey/),
    ]);
  });

  test("a role with more policy text than IAM accepts", () => {
    const Statement = [
      { Effect: "Allow", Action: ["sns:Publish"], Resource: Array(110).fill({ Ref: "AlarmTopic" }) },
    ];
    const Policies = [{ PolicyName: "long", PolicyDocument: { Statement } }];
    expect(set("GetHealthRole", { Policies })[0]).toMatch(
      /^the characters of GetHealthRole's policies are \d+/,
    );
  });
});
