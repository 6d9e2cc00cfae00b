// @ts-check
import { alarmArns, functionAlarm, rollbackAlarms } from "./alarms.js";
import { serviceFunctions, stackName, text } from "./service-functions.js";

/**
 * How a new version takes over (stage parameter `rollout`, the end of a CodeDeploy configuration's name): a share of
 * the calls goes to it first, and all of them back to the old one as soon as one of the alarms goes off. `none` moves
 * all calls at once, without CodeDeploy.
 *
 * An alarm that is on already stops a deployment before it begins, also the one that would mend what is wrong:
 * `--param rollbackOnAlarms=false` deploys regardless.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function rollout(variables) {
  const configuration = await text(variables, "rollout");
  if (configuration === "none") return { Resources: {} };
  const functions = await serviceFunctions(variables);
  const stack = await stackName(variables);
  const guarded = (await text(variables, "rollbackOnAlarms")) !== "false";
  const groups = functions.map((definition) => [
    `${definition.logicalName}DeploymentGroup`,
    deploymentGroup(configuration, guarded ? [functionAlarm(definition), ...rollbackAlarms] : []),
  ]);
  const updates = functions.map(({ logicalName }) => [
    `${logicalName}LambdaAlias`,
    {
      UpdatePolicy: {
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: "Deployments" },
          DeploymentGroupName: { Ref: `${logicalName}DeploymentGroup` },
        },
      },
    },
  ]);
  return {
    Resources: {
      Deployments: {
        Type: "AWS::CodeDeploy::Application",
        Properties: { ApplicationName: stack, ComputePlatform: "Lambda" },
      },
      DeploymentRole: role(functions, await alarmArns(variables)),
      ...Object.fromEntries(groups),
    },
    extensions: Object.fromEntries(updates),
  };
}

/** @param {string} configuration @param {string[]} alarms their logical ids */
function deploymentGroup(configuration, alarms) {
  return {
    Type: "AWS::CodeDeploy::DeploymentGroup",
    Properties: {
      ApplicationName: { Ref: "Deployments" },
      ServiceRoleArn: { "Fn::GetAtt": ["DeploymentRole", "Arn"] },
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
    },
  };
}

/**
 * What CodeDeploy may do: move these aliases, look at these alarms.
 * @param {import("./service-functions.js").ServiceFunction[]} functions @param {string[]} alarms their ARNs
 */
function role(functions, alarms) {
  const own = "${AWS::Region}:${AWS::AccountId}";
  const arns = functions.map(({ name }) => ({
    "Fn::Sub": `arn:\${AWS::Partition}:lambda:${own}:function:${name}`,
  }));
  const statements = [
    { Effect: "Allow", Action: ["lambda:GetAlias", "lambda:UpdateAlias"], Resource: arns },
    {
      Effect: "Allow",
      Action: ["lambda:GetProvisionedConcurrencyConfig"],
      Resource: arns.map((arn) => ({ "Fn::Sub": `${arn["Fn::Sub"]}:live` })),
    },
    {
      Effect: "Allow",
      Action: ["cloudwatch:DescribeAlarms"],
      Resource: alarms.map((arn) => ({ "Fn::Sub": arn })),
    },
  ];
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: "What CodeDeploy may do to move calls over to new versions",
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "codedeploy.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      },
      Policies: [
        { PolicyName: "deployments", PolicyDocument: { Version: "2012-10-17", Statement: statements } },
      ],
    },
  };
}
