import { once } from "node:events";
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { LOOPBACK } from "./ports.ts";

export interface DynamoDbEmulator {
  url: string;
  close(): void;
}

/** The one table, as infra/resources/table.yml deploys it (without what an emulator has no notion of). */
export function tableDefinition(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "S" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
  };
}

/** Starts dynalite in this process, in memory, with the table made. */
export async function startDynamoDbEmulator(tableName: string): Promise<DynamoDbEmulator> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("dynalite has no address");
  const url = `http://${LOOPBACK}:${address.port}`;
  const client = new DynamoDBClient({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await client.send(new CreateTableCommand(tableDefinition(tableName)));
  client.destroy();
  return {
    url,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
