import { rollbackAlarms } from "./alarms.ts";
import { functionAlarm } from "./aws-alarms.ts";
import { actsFor, allow, arnOf, ownArn, perFunction, resource, role, sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The rollout of a new version (stage parameter `rollout`, the end of a CodeDeploy configuration's name). The new
 * version gets a share of the calls first. The old one gets all calls back as soon as one of the alarms goes off.
 * `none` moves all calls at once, without CodeDeploy.
 *
 * An active alarm stops a deployment before it begins, even one that would fix the cause: `--param
 * rollbackOnAlarms=false` deploys regardless.
 */
export function rollout(stack: Stack) {
  const { name, functions, text } = stack;
  const configuration = text("rollout");
  if (configuration === "none") return { Resources: {} };
  const guarded = text("rollbackOnAlarms") !== "false";
  return {
    Resources: {
      Deployments: resource("AWS::CodeDeploy::Application", {
        ApplicationName: name,
        ComputePlatform: "Lambda",
      }),
      DeploymentRole: deploymentRole(stack),
      ...perFunction(functions, "DeploymentGroup", ({ logicalName }) =>
        deploymentGroup(configuration, guarded ? [functionAlarm(logicalName), ...rollbackAlarms] : []),
      ),
    },
    extensions: perFunction(functions, "LambdaAlias", ({ logicalName }) => ({
      UpdatePolicy: {
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: "Deployments" },
          DeploymentGroupName: { Ref: `${logicalName}DeploymentGroup` },
        },
      },
    })),
  };
}

/** @param alarms their logical ids */
function deploymentGroup(configuration: string, alarms: readonly string[]) {
  return resource("AWS::CodeDeploy::DeploymentGroup", {
    ApplicationName: { Ref: "Deployments" },
    ServiceRoleArn: arnOf("DeploymentRole"),
    DeploymentConfigName: `CodeDeployDefault.${configuration}`,
    DeploymentStyle: { DeploymentType: "BLUE_GREEN", DeploymentOption: "WITH_TRAFFIC_CONTROL" },
    AutoRollbackConfiguration: {
      Enabled: true,
      Events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
    },
    AlarmConfiguration: {
      Enabled: alarms.length > 0,
      Alarms: alarms.map((logicalId) => ({ Name: { Ref: logicalId } })),
    },
  });
}

/**
 * CodeDeploy's permissions: moving the aliases and reading the alarms of this stack, by the beginning of their names. A
 * list of all of them is longer than the 10,240 characters that IAM accepts.
 */
function deploymentRole({ name }: Stack) {
  const functions = ownArn("lambda", `function:${name}-*`);
  return role({
    description: "What CodeDeploy may do to move calls over to new versions",
    service: "codedeploy.amazonaws.com",
    trustCondition: actsFor(ownArn("codedeploy", `deploymentgroup:${name}/*`)),
    policyName: "deployments",
    statements: [
      allow(["lambda:GetAlias", "lambda:UpdateAlias"], sub(functions)),
      allow(["lambda:GetProvisionedConcurrencyConfig"], sub(`${functions}:live`)),
      allow(["cloudwatch:DescribeAlarms"], sub(ownArn("cloudwatch", `alarm:${name}-*`))),
    ],
  });
}
