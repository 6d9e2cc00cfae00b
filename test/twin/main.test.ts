import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { companyNumbersPath, type ListResponse, logIn } from "./http-lab.ts";
import { OptionError, SEED, startTwin, type TwinOptions } from "./twin.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function run(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args]);
  children.push(child);
  return child;
}

describe("the stand-alone twin", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "prints its URL, serves, and ends with exit code 0 on %s",
    async (signal) => {
      const child = run(
        "--port",
        "0",
        "--numbers",
        "42",
        "--limits",
        "Heavy=1",
        "--legacy-blocked-numbers",
        "false",
        "--call-handling",
        "moving",
        "--moved-forwarding-writes",
        "CMN-468",
        "--redirect-uris",
        "https://a.example/back,https://b.example/back",
        "--sign-in-as",
        SEED.extensionId,
      );
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const url = line.toString().split("\n")[0] ?? "";
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      const options = (await (await fetch(`${url}/__twin/options`)).json()) as object;
      expect(options).toMatchObject({
        movedForwardingWrites: "CMN-468",
        legacyBlockedNumbers: false,
        limits: { Heavy: 1, Light: 50 },
      });
      const query = `response_type=code&client_id=${SEED.clientId}&redirect_uri=https://b.example/back`;
      const signedIn = await fetch(`${url}/restapi/oauth/authorize?${query}`, { redirect: "manual" });
      expect(signedIn.headers.get("location")).toMatch(/^https:\/\/b\.example\/back\?code=/);
      const exit = once(child, "exit");
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
    },
  );

  test.each([
    ["--colour", "red"],
    ["--max-per-page", "none"],
    ["--limits", "Tiny=1"],
    ["--call-handling", "fast"],
  ])("rejects %s %s", async (...args) => {
    const child = run(...args);
    const stderr: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    expect(await once(child, "close")).toEqual([1, null]);
    expect(Buffer.concat(stderr).toString()).toContain("usage:");
  });
});

describe("twins in one process", () => {
  test("share nothing", async () => {
    const [one, other] = [await startTwin({ numbers: 20 }), await startTwin({ numbers: 25_000 })];
    const totals = [];
    for (const twin of [one, other]) {
      const send = await logIn(twin);
      totals.push(
        (await send<ListResponse>("GET", `${companyNumbersPath}?perPage=1`)).body.paging.totalElements,
      );
    }
    expect(totals).toEqual([20, 25_000]);
    expect(one.requests).toHaveLength(2);
    const distinct = new Set(other.numbers.list().map(({ phoneNumber }) => phoneNumber));
    expect(distinct.size).toBe(25_002);
    await Promise.all([one.close(), other.close()]);
    await expect(fetch(one.url)).rejects.toThrow();
  });

  test("reject unknown options", async () => {
    await expect(startTwin({ colour: "red" } as TwinOptions)).rejects.toThrow(OptionError);
    await expect(startTwin({ numbers: -1 })).rejects.toThrow("numbers");
  });
});
