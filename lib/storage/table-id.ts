import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { clientOptions } from "../platform/aws-client.ts";

const TIMEOUT_MS = 2_000;

/** The id that DynamoDB gives a table when it makes it: a restored table has another one under the same name. */
export async function readTableId(tableName: string): Promise<string | undefined> {
  const client = new DynamoDBClient(clientOptions(2, TIMEOUT_MS));
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    // DynamoDB Local gives no id.
    return Table?.TableId ?? Table?.CreationDateTime?.toISOString();
  } finally {
    client.destroy();
  }
}
