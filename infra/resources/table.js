// @ts-check
import { flag } from "./service-functions.js";

/**
 * The one table: token, budgets, replays, cache, snapshots. Single-item conditional writes only, so on-demand
 * capacity fits.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function table(variables) {
  const stage = await variables.resolveVariable("sls:stage");
  return {
    Resources: {
      RecordsTable: {
        Type: "AWS::DynamoDB::Table",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          TableName: `ringfront-${stage}`,
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: [
            { AttributeName: "pk", AttributeType: "S" },
            { AttributeName: "sk", AttributeType: "S" },
          ],
          KeySchema: [
            { AttributeName: "pk", KeyType: "HASH" },
            { AttributeName: "sk", KeyType: "RANGE" },
          ],
          TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          DeletionProtectionEnabled: await flag(variables, "deletionProtection"),
          SSESpecification: {
            SSEEnabled: true,
            SSEType: "KMS",
            KMSMasterKeyId: { "Fn::GetAtt": ["DataKey", "Arn"] },
          },
        },
      },
    },
  };
}
