import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { projectRoot } from "../build/bundle.ts";
import { BUNDLES_VARIABLE } from "./gateway-plugin.ts";
import { LOCAL_STAGE } from "./stage.ts";

interface GatewayEmulatorOptions {
  host: string;
  port: number;
  /** The port of the emulator's Lambda API, which cannot choose one itself. */
  lambdaPort: number;
  /** The folder with the bundles. */
  bundlesDir: string;
  /** Values for the parameters of serverless.yml. */
  params: Record<string, string>;
  /** The settings of the functions' AWS clients: region, credentials, endpoints. */
  awsEnvironment: Record<string, string>;
  /** The tokens in the pages' token pickers, by name. */
  localTokens: Record<string, string>;
}

/**
 * Starts serverless-offline under osls as a child process, with each concurrent request in its own worker thread: as in
 * Lambda, an instance serves one request at a time, keeps its memory in between, shares none with the others and dies at
 * its time limit. (In one process all functions would share memory, environment and fate.)
 * @returns `serving` resolves when it is ready, and rejects when it ends before; `ended` resolves with the reason
 */
export function startGatewayEmulator(options: GatewayEmulatorOptions) {
  const args = [
    join(projectRoot, "node_modules/serverless/bin/serverless.js"),
    ...["offline", "start", "--stage", LOCAL_STAGE, "--host", options.host],
    ...["--httpPort", String(options.port), "--lambdaPort", String(options.lambdaPort)],
    ...Object.entries(options.params).flatMap(([name, value]) => ["--param", `${name}=${value}`]),
  ];
  // A developer's profile, keys or region must not reach the functions, and a real account through them.
  const withoutAws = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    // The functions' log lines are on standard output; the emulator's own lines are kept for a failure.
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    env: {
      ...Object.fromEntries(withoutAws),
      ...options.awsEnvironment,
      [BUNDLES_VARIABLE]: options.bundlesDir,
      SLS_LOG_LEVEL: "warning",
      SLS_NOTIFICATIONS_MODE: "off",
    },
  });
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    output = (output + chunk).slice(-8_000);
  });
  child.send({ localTokens: options.localTokens }, () => {
    // If it has ended already, `exit` reports that below.
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const lastLines = output.trim().split("\n").slice(-40);
      resolve([`it ended with ${signal ?? `exit code ${code}`}`, ...lastLines].join("\n"));
    });
  });
  const endedEarly = ended.then((reason) => {
    throw new Error(reason);
  });
  return {
    serving: Promise.race([once(child, "message"), endedEarly]),
    ended,
    async stop() {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), 2_000);
      await ended;
      clearTimeout(force);
    },
  };
}
