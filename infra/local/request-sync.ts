// `npm run sync -- --account ~`: starts a sync in the running stack, and shows its progress.
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod/mini";
import { type SyncProgress, type SyncStatus, SyncStatuses } from "../../lib/contract/sync.ts";
import { readOptions, runCommand, UsageError } from "./command-line.ts";
import { readStackFile, type Stack } from "./stack-file.ts";

const usage = `usage: npm run sync -- [--account ID]

  --account ID   the account to sync: ~ (the default) is the running stack's own

Needs a running stack: npm start, in another terminal. With AUTH_ISSUER the variable TOKEN holds the access token.`;

const POLL_MS = 250;
const BAR_WIDTH = 30;
const isTerminal = process.stdout.isTTY === true;

await runCommand(async () => {
  const { account = "~" } = readOptions(usage, { account: { type: "string" } });
  const stack = await readStackFile();
  if (stack === undefined) throw new UsageError(`There is no running stack.\n\n${usage}`);
  if (account !== "~" && account !== stack.accountId) {
    throw new UsageError(`The running stack's account is ${stack.accountId}; its tokens reach no other.`);
  }
  const { history } = await readStatus(stack);
  const known = new Set(history.map(({ id }) => id));
  await call(stack, "POST");
  let shown = "";
  for (;;) {
    const status = await readStatus(stack);
    const line = lineFor(status);
    // A terminal shows one line that changes; other outputs get a line per change.
    if (line !== shown) process.stdout.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
    shown = line;
    const isNew = status.history.some(({ id }) => !known.has(id));
    if (isNew && status.state !== "running") return finish(status);
    await pause(POLL_MS);
  }
});

async function call({ apiUrl, tokens }: Stack, method: "GET" | "POST"): Promise<unknown> {
  const headers = { authorization: `Bearer ${tokens.service || process.env.TOKEN}` };
  const response = await fetch(`${apiUrl}/v1/sync`, { method, headers }).catch(() => {
    throw new UsageError(`Nothing listens at ${apiUrl}.`);
  });
  const text = await response.text();
  if (!response.ok) throw new UsageError(`${method} /v1/sync: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function readStatus(stack: Stack): Promise<SyncStatus> {
  const [status] = z.object({ data: SyncStatuses }).parse(await call(stack, "GET")).data;
  if (status === undefined) throw new UsageError("The stack has no account.");
  return status;
}

function lineFor({ state, progress }: SyncStatus): string {
  return progress === undefined ? state : `${state} ${bar(progress)}`;
}

function bar({ pagesDone, totalPages, numbersSeen, etaSeconds }: SyncProgress): string {
  const share = totalPages ? Math.min(1, pagesDone / totalPages) : 0;
  const filled = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, "-");
  const eta = etaSeconds === undefined ? "" : `, ${etaSeconds} s left`;
  return `[${filled}] ${pagesDone}/${totalPages ?? "?"} pages, ${numbersSeen} numbers${eta}`;
}

function finish({ state, quarantine, problem, history: [last] }: SyncStatus): void {
  if (isTerminal) process.stdout.write("\n");
  if (state === "quarantined") {
    const { reason = "unknown", removed = "some" } = quarantine ?? {};
    throw new UsageError(
      `Quarantined (${reason}): ${removed} numbers would be removed. Nothing is committed.`,
    );
  }
  if (state === "failed") throw new UsageError(problem?.detail ?? "The sync failed.");
  const { numbers = "?", added = 0, updated = 0, removed = 0 } = last ?? {};
  console.log(`${last?.state}: ${numbers} numbers, ${added} added, ${updated} updated, ${removed} removed`);
}
