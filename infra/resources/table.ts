import { arnOf, kept, resource } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });

/** Emulators create their table from this too. */
export const tableShape = {
  // All writes are conditional and of one item, so on-demand capacity fits.
  BillingMode: "PAY_PER_REQUEST" as const,
  AttributeDefinitions: [text("pk"), text("sk")],
  KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
};

/** The one table: token, budgets, replays, cache, snapshots. */
export function table(stack: Stack) {
  const properties = {
    TableName: stack.name,
    ...tableShape,
    TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: stack.flag("deletionProtection"),
    SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: arnOf("DataKey") },
  };
  return { Resources: { RecordsTable: resource("AWS::DynamoDB::Table", properties, kept) } };
}
