import type { Credentials } from "../../lib/platform/credentials.ts";
import { SEED, startTwin } from "../../test/twin/twin.ts";
import { UsageError } from "./command-line.ts";
import type { Identities } from "./oidc-issuer.ts";
import type { StartOptions } from "./start-options.ts";

/** The RingCentral server of a stack. */
export type Upstream = Awaited<ReturnType<typeof connectUpstream>>;

type Environment = Record<string, string | undefined>;

/**
 * The server named with `--upstream`, or a twin started here.
 * @param callbackUrl where people who log in are sent back to
 * @returns also the note beside its URL in the terminal, and whether its webhooks can be delivered to this machine
 * @throws UsageError when credentials are missing or nothing responds
 */
export async function connectUpstream(options: StartOptions, env: Environment, callbackUrl: string) {
  const { upstreamUrl, extensionId, accountId, numbers, callHandling } = options;
  const identities: Identities = {
    extensionId: extensionId ?? SEED.extensionId,
    otherExtensionId: SEED.otherExtensionId,
    accountId: accountId ?? SEED.accountId,
  };
  if (upstreamUrl !== undefined) {
    const credentials = upstreamCredentials(upstreamUrl, env);
    await requireResponse(upstreamUrl);
    const note = ` (in place of the twin, as client ${credentials.clientId})`;
    return { note, credentials, identities, canReachUs: false, close: async () => {} };
  }
  const redirectUris = [callbackUrl];
  const twin = await startTwin({ callHandling, redirectUris, ...(numbers !== undefined && { numbers }) });
  const credentials = twinCredentials(twin.url);
  return { note: " (the twin)", credentials, identities, canReachUs: true, close: () => twin.close() };
}

/** Any response will do: the credentials are the doctor's to check. */
async function requireResponse(server: string): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  await fetch(server, { method: "HEAD", redirect: "manual", signal }).catch(
    ({ message, cause = message }) => {
      const why = cause instanceof Error ? cause.message : cause;
      throw new UsageError(
        `Nothing responds at ${server} (${why}): start that server, or correct --upstream.`,
      );
    },
  );
}

const variables = ["RINGCENTRAL_CLIENT_ID", "RINGCENTRAL_CLIENT_SECRET", "RINGCENTRAL_JWT"] as const;

/** The credentials that the twin accepts, for a twin (or another simulator) at that URL. */
function twinCredentials(server: string): Credentials {
  return { server, clientId: SEED.clientId, clientSecret: SEED.clientSecret, jwt: SEED.jwt };
}

/**
 * The credentials for `--upstream`: from the environment, or the twin's for a loopback URL.
 * @throws UsageError naming the missing variables
 */
export function upstreamCredentials(server: string, env: Environment): Credentials {
  const [clientId, clientSecret, jwt] = variables.map((name) => env[name]);
  if (clientId && clientSecret && jwt) return { server, clientId, clientSecret, jwt };
  const missing = variables.filter((name) => !env[name]);
  if (isLoopback(server) && missing.length === variables.length) return twinCredentials(server);
  const are = missing.length === 1 ? "is" : "are";
  throw new UsageError(
    `--upstream ${server} needs RingCentral credentials: ${missing.join(", ")} ${are} not set.`,
  );
}

function isLoopback(server: string): boolean {
  return /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(new URL(server).hostname);
}
