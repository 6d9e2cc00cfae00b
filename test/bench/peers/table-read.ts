// A part of ours: one read of the table by the AWS client.
import { DynamoRecordStore } from "../../../lib/storage/dynamo-record-store.ts";

const records = new DynamoRecordStore({ tableName: process.env.TABLE_NAME ?? "" });

export async function handler() {
  await records.read({ partition: "bench", sort: "absent" });
  return { statusCode: 200 };
}
