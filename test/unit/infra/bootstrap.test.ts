import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ringfront-bootstrap-"));
  mkdirSync(join(dir, "infra/local"), { recursive: true });
  mkdirSync(join(dir, "bin"));
  cpSync(join(projectRoot, "infra/local/bootstrap.mjs"), join(dir, "infra/local/bootstrap.mjs"));
  writeLock("1.0.0");
  writeNpm(installing);
  writeFileSync(join(dir, "entry.ts"), 'console.log("entry", process.argv.slice(2).join("|"));');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** An npm that installs the lock file's packages in a moment, and logs its calls. */
const installing = `
  echo "npm $*" >> npm.log
  sleep 0.3
  rm -rf node_modules && mkdir -p node_modules/node/bin
  ln -s ${JSON.stringify(process.execPath)} node_modules/node/bin/node
  cp package-lock.json node_modules/.package-lock.json`;

function writeNpm(script: string): void {
  writeFileSync(join(dir, "bin/npm"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, "bin/npm"), 0o755);
}

function writeLock(version: string): void {
  const packages = { "": {}, "node_modules/node": { version, integrity: `sha512-${version}` } };
  writeFileSync(join(dir, "package-lock.json"), JSON.stringify({ packages }));
}

const installs = () =>
  existsSync(join(dir, "npm.log")) ? readFileSync(join(dir, "npm.log"), "utf8").trim().split("\n") : [];

function launch(entry = "entry.ts", ...args: string[]): ChildProcess {
  return spawn(process.execPath, ["infra/local/bootstrap.mjs", entry, ...args], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: [join(dir, "bin"), process.env.PATH].join(delimiter) },
  });
}

async function finish(child: ChildProcess) {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("started without pipes");
  const [[code], out, err] = await Promise.all([once(child, "exit"), text(stdout), text(stderr)]);
  return { code, out, err };
}

const run = (entry?: string, ...args: string[]) => finish(launch(entry, ...args));

test("a fresh clone is installed from the lock file, then the entry runs with its arguments", async () => {
  const { code, out, err } = await run("entry.ts", "--upstream", "http://x y");
  expect({ code, out }).toEqual({ code: 0, out: "entry --upstream|http://x y\n" });
  expect(err).toContain("Installing the dependencies");
  expect(installs()).toEqual([expect.stringMatching(/^npm ci /)]);
});

test("a second run installs nothing and prints nothing", async () => {
  await run();
  expect(await run()).toMatchObject({ code: 0, err: "" });
  expect(installs()).toHaveLength(1);
});

test("a changed lock file is installed again", async () => {
  await run();
  writeLock("2.0.0");
  await run();
  expect(installs()).toHaveLength(2);
});

test("packages that a developer installed with npm are kept", async () => {
  await run();
  rmSync(join(dir, "node_modules/.ringfront-lock-hash"));
  expect(await run()).toMatchObject({ code: 0, err: "" });
  expect(installs()).toHaveLength(1);
});

test("two commands started at once in a fresh clone install once", async () => {
  const results = await Promise.all([run(), run()]);
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  expect(installs()).toHaveLength(1);
});

test("a lock left behind by a killed installer does not block", async () => {
  mkdirSync(join(dir, ".local"));
  writeFileSync(join(dir, ".local/install.lock"), "999999999");
  expect(await run()).toMatchObject({ code: 0 });
});

test("a failed install prints one sentence after npm's own output", async () => {
  writeNpm('echo "npm error network unreachable" >&2; exit 7');
  const { code, out, err } = await run();
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("npm error network unreachable");
  expect(err.trim().split("\n").at(-1)).toBe(
    "Installing the dependencies failed: npm ci ended with exit code 7 (its output is above).",
  );
  expect(existsSync(join(dir, ".local/install.lock"))).toBe(false);
});

test("an npm without permission to run install scripts is named as the cause", async () => {
  writeNpm("mkdir -p node_modules");
  const { code, err } = await run();
  expect(code).toBe(1);
  expect(err).toContain("ignore-scripts=false");
});

test("the command ends with the entry's exit code", async () => {
  writeFileSync(join(dir, "failing.ts"), "process.exit(42);");
  expect((await run("failing.ts")).code).toBe(42);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s reaches the entry, which decides how to end",
  async (signal) => {
    writeFileSync(
      join(dir, "waiting.ts"),
      `process.on("${signal}", () => { console.log("told"); process.exit(0); });
     setInterval(() => {}, 1000);
     console.log("up");`,
    );
    const child = launch("waiting.ts");
    child.stdout?.once("data", () => child.kill(signal));
    expect(await finish(child)).toMatchObject({ code: 0, out: expect.stringContaining("told") });
  },
);

test("the entry is told when the bootstrap is killed", async () => {
  writeFileSync(
    join(dir, "orphan.ts"),
    `import { writeFileSync } from "node:fs";
     process.on("disconnect", () => { writeFileSync("noticed", ""); process.exit(0); });
     setInterval(() => {}, 1000);
     console.log("up");`,
  );
  const child = launch("orphan.ts");
  child.stdout?.once("data", () => child.kill("SIGKILL"));
  await once(child, "exit");
  await expect.poll(() => existsSync(join(dir, "noticed"))).toBe(true);
});
