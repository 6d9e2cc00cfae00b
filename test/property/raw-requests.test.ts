import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { projectRoot } from "../../infra/build/bundle.ts";
import { findFreePort } from "../../infra/local/ports.ts";
import { expectDeclared, expectDiscreet } from "../support/generated/judge.ts";
import { type RawExchange, rawExchanges } from "../support/generated/raw-requests.ts";
import { RunCount } from "../support/generated/runs.ts";
import { SEED } from "../twin/twin.ts";

/** A stack takes half a minute to start: only the deep run has the time. */
const RUNS = Math.ceil(Number(process.env.DEEP_RUNS ?? 0) / 2);
const AT_ONCE = 10;

const Texts = z.record(z.string(), z.string());
const Stack = z.object({ twinUrl: z.string(), tokens: Texts });
type Stack = z.output<typeof Stack>;
const Call = z.object({
  method: z.string(),
  path: z.string(),
  query: z.record(z.string(), z.array(z.string())),
  headers: Texts,
});
const Calls = z.object({ data: z.array(Call) });

/** The stack of `npm start`, and its output since the last look. */
async function startStack(port: number) {
  const child: ChildProcess = spawn(process.execPath, ["infra/local/start.ts"], {
    cwd: projectRoot,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const ended = once(child, "exit");
  while (!/^ready http/m.test(output) && child.exitCode === null) await pause(100);
  if (child.exitCode !== null) throw new Error(output);
  return {
    take() {
      const taken = output;
      output = "";
      return taken;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Sends the bytes. @returns all that came back until the end of the connection, or nothing for a second */
async function answerTo({ bytes, splitAt, ends }: RawExchange, port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  const closed = new Promise<void>((resolve) => {
    socket.setTimeout(1_500, () => void socket.destroy());
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    // A server may end a connection before it has read all.
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  socket.write(bytes.subarray(0, splitAt ?? bytes.length));
  if (splitAt !== undefined) {
    await pause(5);
    socket.write(bytes.subarray(splitAt));
  }
  if (ends) socket.end();
  await closed;
  return received;
}

const statusesIn = (received: string) =>
  [...received.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((match) => Number(match[1]));

describe.runIf(RUNS > 0)("raw requests through the emulator of API Gateway", () => {
  let stack: Awaited<ReturnType<typeof startStack>>;
  let file: Stack;
  let port = 0;
  const control = (path: string, method = "GET", body?: object) =>
    fetch(`${file.twinUrl}/__twin/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });

  beforeAll(async () => {
    port = await findFreePort();
    stack = await startStack(port);
    const { default: found } = await import(join(projectRoot, `.local/stack-${port}.json`), {
      with: { type: "json" },
    });
    file = Stack.parse(found);
    await control("options", "PATCH", { limits: { Light: 100_000, Medium: 100_000, Heavy: 100_000 } });
  });
  afterAll(() => stack.stop());

  test("get no 5xx, cause no call that the client does not declare, and leave no secret in the logs", async () => {
    stack.take();
    const secrets = Object.values(file.tokens).map((token) => token.split(".")[2] ?? token);
    const count = new RunCount("all, as raw bytes through the gateway");
    const exchanges = rawExchanges({ host: `127.0.0.1:${port}`, token: file.tokens.user ?? "" });
    const property = fc.asyncProperty(
      fc.array(exchanges, { minLength: AT_ONCE, maxLength: AT_ONCE }),
      async (batch) => {
        const answers = await Promise.all(batch.map((exchange) => answerTo(exchange, port)));
        answers.forEach((received, n) => {
          const statuses = statusesIn(received);
          // The table's emulator has not its usual speed on a busy machine.
          const isSlow = received.includes('"storage_unavailable"');
          const failed = isSlow ? [] : statuses.filter((status) => status >= 500);
          if (failed.length > 0) throw new Error(`${batch[n]?.names}: ${received.slice(0, 1_500)}`);
          // 100 Continue is no response yet.
          count.add(statuses.find((status) => status >= 200) ?? "none");
        });
        const { data } = Calls.parse(await (await control("requests")).json());
        await control("requests", "DELETE");
        for (const call of data) expectDeclared(call, [SEED.extensionId]);
        const lines = stack
          .take()
          .split("\n")
          .filter((line) => line.startsWith("{"));
        expectDiscreet(lines.join("\n"), [SEED.clientSecret, SEED.jwt, ...secrets]);
      },
    );
    await fc.assert(property, { numRuns: Math.ceil(RUNS / AT_ONCE), endOnFailure: true });
    count.end();
    expect(count.statuses).toEqual(expect.arrayContaining(["200", "400", "401", "404"]));
  }, 3_600_000);
});
