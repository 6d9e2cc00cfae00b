import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { tableShape } from "../resources/table.ts";
import { type Listening, listenOnLoopback } from "./ports.ts";
import { localAws } from "./stage.ts";

/** Starts dynalite in this process, in memory, with the table created. */
export async function startDynamoDbEmulator(tableName: string): Promise<Listening> {
  const emulator = await listenOnLoopback(dynalite({ createTableMs: 0 }));
  const client = new DynamoDBClient({ endpoint: emulator.url, ...localAws });
  await client.send(new CreateTableCommand({ TableName: tableName, ...tableShape }));
  client.destroy();
  return emulator;
}
