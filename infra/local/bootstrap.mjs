// Runs on any Node of the machine (>= 20), before anything is installed: plain JavaScript, no dependency. It brings
// node_modules in line with package-lock.json, then starts the TypeScript entry under the Node 24 of the `node`
// devDependency, the version that Lambda runs.
//
//   node infra/local/bootstrap.mjs <entry.ts> [arguments…]
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join, resolve, sep } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const modules = join(root, "node_modules");
const lambdaNode = join(modules, "node", "bin", "node");
const markerPath = join(modules, ".ringfront-lock-hash");
const installLockPath = join(root, ".local", "install.lock");
const forwardedSignals = ["SIGINT", "SIGTERM", "SIGHUP"];

const say = (text) => process.stderr.write(`${text}\n`);
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Ends this command; the message is for the user. */
class Failure extends Error {}

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

/** Compares npm's own record of its installation with package-lock.json. */
function installedMatchesLock() {
  const recordPath = join(modules, ".package-lock.json");
  if (!existsSync(recordPath)) return false;
  const installed = readJson(recordPath).packages ?? {};
  const wanted = readJson(join(root, "package-lock.json")).packages ?? {};
  const same = (a, b) => a !== undefined && a.version === b.version && a.integrity === b.integrity;
  return (
    Object.entries(wanted).every(
      ([path, entry]) =>
        path === "" || same(installed[path], entry) || (entry.optional && !(path in installed)),
    ) && Object.keys(installed).every((path) => path in wanted)
  );
}

function needsInstall() {
  if (!existsSync(lambdaNode)) return true;
  const hash = lockHash();
  if (existsSync(markerPath) && readFileSync(markerPath, "utf8") === hash) return false;
  if (!installedMatchesLock()) return true;
  writeFileSync(markerPath, hash);
  return false;
}

/** `npm ci` deletes node_modules, so neither npm nor its scripts may run on the Node inside it. */
function environmentWithoutOwnModules() {
  const path = (process.env.PATH ?? "").split(delimiter);
  const outside = path.filter((entry) => !resolve(entry).startsWith(modules + sep));
  return { ...process.env, PATH: outside.join(delimiter) };
}

/** Starts a child that gets our signals; resolves with its exit code. */
async function run(command, args, options) {
  const child = spawn(command, args, { cwd: root, ...options });
  const forward = (signal) => child.kill(signal);
  for (const signal of forwardedSignals) process.on(signal, forward);
  // A killed npm cannot forward the signal; its descendants must end too.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event !== undefined && process.ppid !== parent) child.kill("SIGTERM");
  }, 500);
  try {
    const [code, signal] = await once(child, "exit");
    return code ?? 128 + (constants.signals[signal] ?? 15);
  } finally {
    clearInterval(watch);
    for (const signal of forwardedSignals) process.off(signal, forward);
  }
}

/** @returns the exit code after an interruption @throws Failure */
async function install() {
  await claimInstall();
  try {
    if (!needsInstall()) return 0;
    say("Installing the dependencies that package-lock.json names (npm ci; about a minute the first time) …");
    const startedAt = Date.now();
    const seconds = () => Math.round((Date.now() - startedAt) / 1000);
    const progress = setInterval(() => say(`  still installing (${seconds()} s)`), 10_000);
    const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
    const code = await run("npm", args, { stdio: "inherit", env: environmentWithoutOwnModules() })
      .catch((error) => {
        throw new Failure(`Could not run npm: ${error.message}. Is npm installed and on the PATH?`);
      })
      .finally(() => clearInterval(progress));
    if (code > 128) return code;
    if (code !== 0) {
      const text = `npm ci ended with exit code ${code} (its output is above).`;
      throw new Failure(`Installing the dependencies failed: ${text}`);
    }
    if (!existsSync(lambdaNode)) {
      const text = "npm must be allowed to run install scripts (ignore-scripts=false).";
      throw new Failure(`Installing the dependencies brought no Node 24: ${text}`);
    }
    writeFileSync(markerPath, lockHash());
    say(`Installed in ${seconds()} s.`);
    return 0;
  } finally {
    rmSync(installLockPath, { force: true });
  }
}

/** Two commands started at once in a fresh clone must not both delete and fill node_modules. */
async function claimInstall() {
  mkdirSync(join(root, ".local"), { recursive: true });
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(installLockPath, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!installerLives()) {
      rmSync(installLockPath, { force: true });
      continue;
    }
    if (!waited) say("Waiting for another command that is installing the dependencies …");
    await pause(500);
  }
}

function installerLives() {
  try {
    const pid = Number(readFileSync(installLockPath, "utf8"));
    // Created but not yet filled in: gives the owner a moment before the lock counts as stale.
    if (pid === 0) return Date.now() - statSync(installLockPath).mtimeMs < 5_000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function main([entry, ...args]) {
  if (entry === undefined) throw new Failure("usage: node infra/local/bootstrap.mjs <entry.ts> [arguments…]");
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Failure(`Ringfront needs Node 20 or newer to start; this is ${process.version}.`);
  }
  const interrupted = needsInstall() ? await install() : 0;
  if (interrupted !== 0) return interrupted;
  return run(lambdaNode, [join(root, entry), ...args], {
    // The channel tells the child that this process is gone, even after a kill.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: [join(modules, ".bin"), process.env.PATH].join(delimiter) },
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(error.message);
  process.exitCode = 1;
}
