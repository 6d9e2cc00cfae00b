import { randomUUID } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createAuditLog } from "../../lib/platform/audit-log.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { putLogLine } from "../../lib/platform/log-stream.ts";
import { createMetrics } from "../../lib/platform/metrics.ts";
import { omitUndefined } from "../../lib/platform/omit-undefined.ts";
import type { Erasure } from "./erase-table.ts";
import type { Target } from "./target.ts";

/** An erasure takes its time; each entry of it has this long. */
const ENTRY_MS = 5_000;

interface ErasureAudit {
  group: string;
  client: DynamoDBClient;
  /** Who erases: an ARN. */
  operator: string;
  /** Tells the operator why the group did not take an entry. */
  warn(reason: string): void;
}

/** Erases with an entry in the audit before it, and one after it. Nobody else knows: a table's reader sees no deletions. */
export async function auditedErasure(
  { group, client, operator, warn }: ErasureAudit,
  { accountId, extensionId, personId }: Target,
  erase: () => Promise<Erasure>,
): Promise<Erasure> {
  const signer = { region: await client.config.region(), credentials: await client.config.credentials() };
  const audit = createAuditLog({
    group,
    clock: systemClock,
    log: { error: (_, fields) => warn(String(fields?.error)) },
    metrics: createMetrics({ write: () => {} }),
    put: (line, signal) => putLogLine(line, signal, signer),
    print: () => {},
  });
  const about = omitUndefined({ accountId, extensionId, resource: personId });
  const entry = { action: "erase", requestId: randomUUID(), ...about, changes: { operator: [operator] } };
  const write = (outcome: "started" | "succeeded" | "unknown") =>
    audit.write({ ...entry, outcome }, deadlineIn(ENTRY_MS, systemClock, 0));
  await write("started");
  try {
    const erasure = await erase();
    await write("succeeded");
    return erasure;
  } catch (error) {
    await write("unknown");
    throw error;
  }
}
