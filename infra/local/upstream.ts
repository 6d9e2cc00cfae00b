import { SEED, startTwin } from "../../test/twin/twin.ts";
import { type StartOptions, UsageError } from "./start-options.ts";

/** RingCentral credentials, in the form the secret holds them. */
interface UpstreamCredentials {
  server: string;
  clientId: string;
  clientSecret: string;
  jwt: string;
}

/** A RingCentral to talk to, and whom the local tokens stand for in it. */
export interface Upstream {
  url: string;
  /** What the terminal says beside the URL. */
  note: string;
  credentials: UpstreamCredentials;
  extensionId: string;
  otherExtensionId: string;
  accountId: string;
  /** Whether its webhooks can be delivered to this machine. */
  canReachUs: boolean;
  close(): Promise<void>;
}

/**
 * The server named with `--upstream`, or a twin started here.
 * @throws UsageError when credentials are missing
 */
export async function connectUpstream(
  options: StartOptions,
  env: Record<string, string | undefined>,
): Promise<Upstream> {
  const identities = {
    extensionId: options.extensionId ?? SEED.extensionId,
    otherExtensionId: SEED.otherExtensionId,
    accountId: options.accountId ?? SEED.accountId,
  };
  if (options.upstreamUrl !== undefined) {
    const credentials = upstreamCredentials(options.upstreamUrl, env);
    const note = ` (in place of the twin, as client ${credentials.clientId})`;
    return {
      url: options.upstreamUrl,
      note,
      credentials,
      ...identities,
      canReachUs: false,
      close: async () => {},
    };
  }
  const twin = await startTwin({
    port: 0,
    ...(options.numbers !== undefined && { numbers: options.numbers }),
  });
  const credentials = twinCredentials(twin.url);
  return {
    url: twin.url,
    note: " (the twin)",
    credentials,
    ...identities,
    canReachUs: true,
    close: () => twin.close(),
  };
}

const variables = ["RINGCENTRAL_CLIENT_ID", "RINGCENTRAL_CLIENT_SECRET", "RINGCENTRAL_JWT"] as const;

/** The credentials the twin knows, for a twin (or another simulator) at that URL. */
function twinCredentials(server: string): UpstreamCredentials {
  return { server, clientId: SEED.clientId, clientSecret: SEED.clientSecret, jwt: SEED.jwt };
}

/**
 * The credentials for `--upstream`: from the environment, or the twin's for a loopback URL.
 * @throws UsageError naming the variables that are missing
 */
export function upstreamCredentials(
  server: string,
  env: Record<string, string | undefined>,
): UpstreamCredentials {
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
  const { hostname } = new URL(server);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
