import { execFileSync } from "node:child_process";
import { afterAll, afterEach, expect, test } from "vitest";
import { findFreePort } from "../../infra/local/ports.ts";
import { copyCheckout } from "./checkout.ts";
import { endStack, type NpmStart, npmStart, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
let started: NpmStart | undefined;
afterEach(() => endStack(started));
afterAll(() => checkout.remove());

/** Runs a printed line as a person would. */
function run(line: string): { status: string; body: { data: { label?: string; phoneNumber?: string }[] } } {
  const [body = "", status = ""] = execFileSync("sh", ["-c", `${line} -w '\\n%{http_code}'`], {
    encoding: "utf8",
  })
    .trim()
    .split(/\n(?=\d{3}$)/);
  return { status, body: JSON.parse(body) };
}

test.each(["new", "moving"])(
  "the printed curl lines answer as on the legacy backend with --call-handling %s",
  async (callHandling) => {
    const args = ["--call-handling", callHandling];
    started = npmStart({ dir: checkout.dir, port: await findFreePort(), args });
    const { twinUrl } = await untilReady(started, checkout.dir);
    const lines = started
      .output()
      .split("\n")
      .filter((line) => line.startsWith("curl "));
    const statuses: string[] = [];
    for (const [index, line] of lines.entries()) {
      // The account moves between the addition of a number and its change.
      if (index === 5 && callHandling === "moving") {
        await fetch(`${twinUrl}/__twin/move`, { method: "POST", body: "{}" });
      }
      statuses.push(run(line).status);
    }
    expect(statuses).toEqual(["200", "201", "200", "200", "201", "200", "200"]);
    const { data } = run(`${lines[3]} -H 'cache-control: no-cache'`).body;
    expect(data.map(({ phoneNumber, label }) => phoneNumber && `${phoneNumber} ${label}`).sort()).toEqual([
      "+12025550155 Lake cabin",
      "+13125550187 Home",
      "+13125550188 Mobile",
      "+16505550111 Desk phone",
      undefined,
    ]);
  },
);
