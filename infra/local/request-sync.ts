// `npm run sync -- --account ~`: asks the running stack for a sync of the numbers, and shows how it goes.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as z from "zod/mini";
import { stackPath } from "./stack-file.ts";

const usage = `usage: npm run sync -- [--account ID]

  --account ID   the account to sync: ~ (the default) is the running stack's own

Needs a running stack: npm start, in another terminal.`;

const StackFile = z.object({
  apiUrl: z.string(),
  accountId: z.string(),
  tokens: z.object({ service: z.string() }),
});
const Status = z.object({
  state: z.string(),
  lastSuccessAt: z.optional(z.string()),
  progress: z.optional(
    z.object({
      pagesDone: z.number(),
      totalPages: z.optional(z.number()),
      numbersSeen: z.number(),
      etaSeconds: z.optional(z.number()),
    }),
  ),
  problem: z.optional(z.object({ title: z.string(), detail: z.string() })),
  quarantine: z.optional(z.object({ reason: z.string(), removed: z.optional(z.number()) })),
  history: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      startedAt: z.string(),
      endedAt: z.string(),
      numbers: z.optional(z.number()),
      added: z.optional(z.number()),
      updated: z.optional(z.number()),
      removed: z.optional(z.number()),
    }),
  ),
});
type Status = z.output<typeof Status>;

/** Ends this command; the message is for the user. */
class Failure extends Error {}

const POLL_MS = 250;
const BAR_WIDTH = 30;

async function main(): Promise<void> {
  const { values } = parseOptions();
  if (values.help === true) return say(usage);
  const stack = readStack();
  const wanted = values.account ?? "~";
  if (wanted !== "~" && wanted !== stack.accountId) {
    throw new Failure(`The running stack's account is ${stack.accountId}; its tokens reach no other.`);
  }
  const call = caller(stack);
  const before = await readStatus(call);
  await call("POST");
  const known = new Set(before.history.map(({ id }) => id));
  for (;;) {
    const status = await readStatus(call);
    show(status);
    const ended = status.history.find(({ id }) => !known.has(id));
    if (ended !== undefined && status.state !== "running") return finish(status);
    await pause(POLL_MS);
  }
}

function parseOptions() {
  try {
    return parseArgs({
      args: process.argv.slice(2),
      options: { account: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    throw new Failure(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

function readStack() {
  try {
    return StackFile.parse(JSON.parse(readFileSync(stackPath, "utf8")));
  } catch {
    throw new Failure(`There is no running stack.\n\n${usage}`);
  }
}

type Call = (method: "GET" | "POST") => Promise<unknown>;

function caller({ apiUrl, tokens }: z.output<typeof StackFile>): Call {
  return async (method) => {
    const response = await fetch(`${apiUrl}/v1/sync`, {
      method,
      headers: { authorization: `Bearer ${tokens.service}` },
    }).catch(() => {
      throw new Failure(`Nothing answers at ${apiUrl}.`);
    });
    const text = await response.text();
    if (!response.ok) throw new Failure(`${method} /v1/sync: ${response.status} ${text}`);
    return JSON.parse(text);
  };
}

async function readStatus(call: Call): Promise<Status> {
  const { data } = z.object({ data: z.array(Status) }).parse(await call("GET"));
  const [status] = data;
  if (status === undefined) throw new Failure("The stack knows no account.");
  return status;
}

const isTerminal = process.stdout.isTTY === true;
let shown = "";

/** On a terminal one line that changes; else a line whenever something has changed. */
function show({ state, progress }: Status): void {
  const line = progress === undefined ? state : `${state} ${bar(progress)}`;
  if (line === shown) return;
  shown = line;
  process.stdout.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
}

function bar({ pagesDone, totalPages, numbersSeen, etaSeconds }: NonNullable<Status["progress"]>): string {
  const share = totalPages === undefined || totalPages === 0 ? 0 : Math.min(1, pagesDone / totalPages);
  const filled = Math.round(share * BAR_WIDTH);
  const eta = etaSeconds === undefined ? "" : `, ${etaSeconds} s left`;
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] ${pagesDone}/${totalPages ?? "?"} pages, ${numbersSeen} numbers${eta}`;
}

function finish(status: Status): void {
  if (isTerminal) process.stdout.write("\n");
  const [last] = status.history;
  if (status.state === "quarantined") {
    const { reason, removed } = status.quarantine ?? { reason: "unknown" };
    throw new Failure(
      `Quarantined (${reason}): ${removed ?? "some"} numbers would be removed. Nothing is committed.`,
    );
  }
  if (status.state === "failed") {
    throw new Failure(status.problem?.detail ?? status.problem?.title ?? "The sync failed.");
  }
  const { added = 0, updated = 0, removed = 0, numbers } = last ?? {};
  say(`${last?.state}: ${numbers ?? "?"} numbers, ${added} added, ${updated} updated, ${removed} removed`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
