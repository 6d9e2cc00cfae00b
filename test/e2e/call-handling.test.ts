import { afterAll, afterEach, expect, test } from "vitest";
import { findFreePort } from "../../infra/local/ports.ts";
import { copyCheckout } from "./checkout.ts";
import { answers, curlLines, numbersAfter, numbersIn, runLine } from "./curl-lines.ts";
import { endStack, type NpmStart, npmStart, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
let started: NpmStart | undefined;
afterEach(() => endStack(started));
afterAll(() => checkout.remove());

test("the printed curl lines answer as on the legacy backend with --call-handling moving", async () => {
  const args = ["--call-handling", "moving"];
  started = npmStart({ dir: checkout.dir, port: await findFreePort(), args });
  const { twinUrl } = await untilReady(started, checkout.dir);
  const lines = curlLines(started);
  const statuses: string[] = [];
  for (const [index, line] of lines.entries()) {
    // The account moves between the addition of a number and its change.
    if (index === 5) await fetch(`${twinUrl}/__twin/move`, { method: "POST", body: "{}" });
    statuses.push(runLine(line).status);
  }
  expect(statuses).toEqual(answers);
  expect(numbersIn(lines)).toEqual(numbersAfter);
});
