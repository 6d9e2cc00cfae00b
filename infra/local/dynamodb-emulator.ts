import { once } from "node:events";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { tableShape } from "../resources/table.ts";
import { LOOPBACK } from "./ports.ts";

export interface DynamoDbEmulator {
  url: string;
  close(): void;
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
  await client.send(new CreateTableCommand({ TableName: tableName, ...tableShape }));
  client.destroy();
  return {
    url,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
