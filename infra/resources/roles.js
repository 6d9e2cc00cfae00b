// @ts-check
import { rightsOf } from "./rights.js";
import { serviceFunctions } from "./service-functions.js";

/**
 * One IAM role per function of serverless.yml, named `<Function>Role`: it may write its own log group and traces,
 * and what rights.js says of it. Nothing else.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function roles(variables) {
  const resources = (await serviceFunctions(variables)).map((definition) => {
    const { secret, table, queue, bus = false } = rightsOf(definition);
    const services = [
      ...(secret ? ["secretsmanager"] : []),
      ...(table.length > 0 ? ["dynamodb"] : []),
      ...(queue || definition.isScheduled ? ["sqs"] : []),
    ];
    const statements = [
      writeLogs(`/aws/lambda/${definition.name}`),
      writeTraces,
      ...(secret ? [readSecret] : []),
      ...(table.length > 0 ? [useTable(table)] : []),
      ...(queue ? [useQueue(queue)] : []),
      ...(bus ? [publish] : []),
      ...(definition.isScheduled ? [setFailuresAside] : []),
      ...(services.length > 0 ? [useDataKey(services)] : []),
    ];
    return [`${definition.logicalName}Role`, role(definition.name, statements)];
  });
  return { Resources: Object.fromEntries(resources) };
}

/** @param {string} functionName @param {object[]} statements */
function role(functionName, statements) {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: `What the function ${functionName} may do`,
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      },
      Policies: [
        { PolicyName: "function", PolicyDocument: { Version: "2012-10-17", Statement: statements } },
      ],
    },
  };
}

/** The `*` stands for the streams of that one group, whose names Lambda makes up. @param {string} logGroup */
function writeLogs(logGroup) {
  const arn = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:${logGroup}:*`;
  return {
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: { "Fn::Sub": arn },
  };
}

/** X-Ray's actions know no resources: AWS takes nothing but `*` for them. */
const writeTraces = {
  Effect: "Allow",
  Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
  Resource: "*",
};

const readSecret = {
  Effect: "Allow",
  Action: ["secretsmanager:GetSecretValue"],
  Resource: { Ref: "RingCentralSecret" },
};

/** @param {string[]} actions */
function useTable(actions) {
  return { Effect: "Allow", Action: actions, Resource: { "Fn::GetAtt": ["RecordsTable", "Arn"] } };
}

/** @param {"send" | "work"} how */
function useQueue(how) {
  const taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
  return {
    Effect: "Allow",
    Action: ["sqs:SendMessage", ...(how === "work" ? taking : [])],
    Resource: { "Fn::GetAtt": ["SyncQueue", "Arn"] },
  };
}

/** Lambda does, with the function's rights (schedules.js). */
const setFailuresAside = {
  Effect: "Allow",
  Action: ["sqs:SendMessage"],
  Resource: { "Fn::GetAtt": ["ScheduleDeadLetterQueue", "Arn"] },
};

const publish = {
  Effect: "Allow",
  Action: ["events:PutEvents"],
  Resource: { "Fn::GetAtt": ["EventBus", "Arn"] },
};

/**
 * The key's owner is asked for on behalf of the caller, so the caller needs the right; `kms:ViaService` keeps it
 * from using the key in any other way. Reading takes Decrypt; a write may make DynamoDB or SQS ask for a new data key.
 * @param {string[]} services
 */
function useDataKey(services) {
  const writes = services.includes("dynamodb");
  const sends = services.includes("sqs");
  return {
    Effect: "Allow",
    Action: [
      "kms:Decrypt",
      ...(writes ? ["kms:DescribeKey", "kms:Encrypt"] : []),
      ...(writes || sends ? ["kms:GenerateDataKey"] : []),
    ],
    Resource: { "Fn::GetAtt": ["DataKey", "Arn"] },
    Condition: {
      StringEquals: {
        "kms:ViaService": services.map((service) => ({
          "Fn::Sub": `${service}.\${AWS::Region}.amazonaws.com`,
        })),
      },
    },
  };
}
