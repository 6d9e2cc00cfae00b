import { arnOf } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });

/** What an emulator makes of the table too. */
export const tableShape = {
  // Single-item conditional writes only, so on-demand capacity fits.
  BillingMode: "PAY_PER_REQUEST" as const,
  AttributeDefinitions: [text("pk"), text("sk")],
  KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
};

/** The one table: token, budgets, replays, cache, snapshots. */
export function table(stack: Stack) {
  return {
    Resources: {
      RecordsTable: {
        Type: "AWS::DynamoDB::Table",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          TableName: stack.name,
          ...tableShape,
          TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          DeletionProtectionEnabled: stack.flag("deletionProtection"),
          SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: arnOf("DataKey") },
        },
      },
    },
  };
}
