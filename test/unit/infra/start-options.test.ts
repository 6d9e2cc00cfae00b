import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UsageError } from "../../../infra/local/command-line.ts";
import { readStartOptions } from "../../../infra/local/start-options.ts";
import { connectUpstream } from "../../../infra/local/upstream.ts";

const argv = process.argv;
beforeEach(() => vi.stubEnv("PORT", ""));
afterEach(() => {
  process.argv = argv;
  vi.unstubAllEnvs();
});

/** The part of `npm start` that can find a mistake in the options. */
async function connect(args: string[], env: Record<string, string>) {
  process.argv = ["node", "start.ts", ...args];
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const upstream = await connectUpstream(readStartOptions(), env, "http://127.0.0.1:3000/oauth/callback");
  await upstream.close();
}

const external = ["--upstream", "https://platform.example.com"];

test.each<[args: string[], env: Record<string, string>, said: string]>([
  [["--upsteam", "http://127.0.0.1:1"], {}, "Unknown option '--upsteam'"],
  [["--upstream", "ftp://127.0.0.1"], {}, "--upstream must be an http or https URL"],
  [["--upstream", "http://127.0.0.1:9"], {}, "Nothing responds at http://127.0.0.1:9"],
  [external, {}, "RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET, RINGCENTRAL_JWT are not set"],
  [external, { RINGCENTRAL_CLIENT_ID: "a", RINGCENTRAL_JWT: "b" }, "RINGCENTRAL_CLIENT_SECRET is not set"],
  [["--extension", "me"], {}, "--extension must be a numeric id"],
  [["--host", "phone"], {}, "--host must be an IPv4 address"],
  [["--numbers", "many"], {}, "--numbers must be a whole number"],
  [["--call-handling", "old"], {}, '--call-handling must be legacy, new or moving, not "old"'],
  [[], { PORT: "http" }, 'PORT must be a whole number from 1 to 65535, not "http"'],
])("npm start with %j and %j says what is wrong", async (args, env, said) => {
  const failure = connect(args, env);
  await expect(failure).rejects.toThrow(UsageError);
  await expect(failure).rejects.toThrow(said);
});
