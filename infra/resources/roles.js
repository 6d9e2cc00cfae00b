// @ts-check

/** The table actions a function needs; most need the single-item ones of the token, budget and replay records. */
const itemActions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"];

/** Where a function needs another set than `itemActions`: its key in serverless.yml. */
/** @type {Record<string, string[]>} */
const tableActions = {};

/**
 * One IAM role per function of serverless.yml, named `<Function>Role`: it may write its own log group, and, unless
 * the function is public (no authorizer), read the one secret and use the one table. Nothing else.
 * @param {{ resolveVariable: (address: string) => Promise<any> }} variables
 */
export async function roles({ resolveVariable }) {
  /** @type {Record<string, { events?: { httpApi?: { authorizer?: unknown } }[] }>} */
  const functions = await resolveVariable("self:functions");
  const prefix = `${await resolveVariable("self:service")}-${await resolveVariable("sls:stage")}`;
  const resources = Object.entries(functions).map(([key, { events = [] }]) => {
    const isPublic = events.every(({ httpApi }) => httpApi !== undefined && httpApi.authorizer === undefined);
    const statements = [
      writeLogs(`/aws/lambda/${prefix}-${key}`),
      ...(isPublic ? [] : [readSecret(), useTable(key)]),
    ];
    return [`${key[0]?.toUpperCase()}${key.slice(1)}Role`, role(`${prefix}-${key}`, statements)];
  });
  return { Resources: Object.fromEntries(resources) };
}

/**
 * @param {string} functionName
 * @param {object[]} statements
 */
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

function readSecret() {
  return {
    Effect: "Allow",
    Action: ["secretsmanager:GetSecretValue"],
    Resource: { Ref: "RingCentralSecret" },
  };
}

/** @param {string} key */
function useTable(key) {
  return {
    Effect: "Allow",
    Action: tableActions[key] ?? itemActions,
    Resource: { "Fn::GetAtt": ["RecordsTable", "Arn"] },
  };
}
