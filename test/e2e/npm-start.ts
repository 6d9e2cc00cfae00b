import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod/mini";

/** The documented keys of `.local/stack.json`; an unknown or missing key fails the parse. */
const StackFile = z.strictObject({
  apiUrl: z.string(),
  issuerUrl: z.string(),
  twinUrl: z.string(),
  dynamodbUrl: z.string(),
  secretsUrl: z.string(),
  sqsUrl: z.string(),
  signIn: z.strictObject({ issuer: z.string(), clientId: z.string() }),
  tokens: z.strictObject({
    user: z.string(),
    otherUser: z.string(),
    readOnly: z.string(),
    admin: z.string(),
    service: z.string(),
    person: z.string(),
  }),
  extensionId: z.string(),
  otherExtensionId: z.string(),
  accountId: z.string(),
});
export type StackFile = z.output<typeof StackFile>;

export interface NpmStart {
  child: ChildProcess;
  /** The output so far. */
  output(): string;
  /** Resolves with the exit code; -1 after a signal. */
  exit: Promise<number>;
}

export interface NpmStartOptions {
  dir: string;
  port: number;
  args?: string[];
  env?: Record<string, string>;
}

/** Runs `npm start` as a person at a terminal would: npm, in a new process group. */
export function npmStart({ dir, port, args = [], env = {} }: NpmStartOptions): NpmStart {
  const child = spawn("npm", ["start", ...(args.length > 0 ? ["--", ...args] : [])], {
    cwd: dir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...plainEnvironment(), PORT: String(port), ...env },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      // Vitest prints it for a failing test only.
      console.log(chunk.trimEnd());
    });
  }
  const exit = once(child, "exit").then(([code]) => (typeof code === "number" ? code : -1));
  return { child, output: () => text, exit };
}

/** The environment outside a test runner and outside npm. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|npm_|NODE_OPTIONS|NODE_ENV|TEST)/.test(name)),
  );
}

/** Resolves when the stack reports that it is ready. @throws with the output, if the stack ends before */
export async function untilReady(start: NpmStart, dir: string): Promise<StackFile> {
  let exited = false;
  void start.exit.then(() => {
    exited = true;
  });
  while (!/^ready http/m.test(start.output())) {
    if (exited) throw new Error(`npm start ended early:\n${start.output()}`);
    await pause(50);
  }
  return readStackFile(dir);
}

const stackPath = (dir: string) => join(dir, ".local", "stack.json");
/** Whether any stack has left a file. */
export const stackFileExists = (dir: string) =>
  readdirSync(join(dir, ".local")).some((name) => name.startsWith("stack"));
const readStackFile = (dir: string) => StackFile.parse(JSON.parse(readFileSync(stackPath(dir), "utf8")));

/** A process and all its descendants. */
export function processTree(pid: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const childrenOf = (parent: number): number[] =>
    table.flatMap(([child, of]) =>
      of === parent && child !== undefined ? [child, ...childrenOf(child)] : [],
    );
  return [pid, ...childrenOf(pid)];
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended; only its parent has not collected its status yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until none of the processes is alive. @throws naming those still alive after `timeoutMs` */
export async function untilGone(pids: readonly number[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) throw new Error(`still alive: ${pids.filter(isAlive).join(", ")}`);
    await pause(50);
  }
}

/** A request, repeated as a client repeats it while a busy machine is too slow for the stack's table. */
export async function patientFetch(url: string, init?: RequestInit): Promise<Response> {
  for (let repetitions = 0; ; repetitions += 1) {
    const response = await fetch(url, init);
    if (response.status !== 503 || repetitions === 5) return response;
    if (!(await response.clone().text()).includes('"storage_unavailable"')) return response;
    await pause(2_000);
  }
}

/** Ends a stack in any state, for clean-up. */
export async function endStack(start: NpmStart | undefined): Promise<void> {
  if (start?.child.pid === undefined) return;
  const pids = processTree(start.child.pid);
  if (start.child.exitCode === null) start.child.kill("SIGTERM");
  await untilGone(pids, 8_000).catch(() => {
    for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
  });
}
