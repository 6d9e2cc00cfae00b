// The only module that loads got, and with it node's http and tls. It is loaded at the first exchange: a request
// served from a cache or a snapshot does not need it.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import got, { type Got, type PlainResponse, RequestError } from "got";

export { RequestError };

const MAX_SOCKETS = 50;
const MAX_REDIRECTS = 3;

/** A got without retries and without errors for a status; it follows redirects within one origin only. */
export function createHttpClient(idleMs: number): Got {
  const agentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: idleMs };
  return got.extend({
    agent: { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) },
    retry: { limit: 0 },
    throwHttpErrors: false,
    decompress: true,
    maxRedirects: MAX_REDIRECTS,
    // Redirects must be followed [docs: RESP]. Only within the origin: every request carries credentials, in its
    // headers or, at the token endpoint, in its body.
    followRedirect: ({ url, headers }: PlainResponse) => isSameOrigin(url, headers.location),
    // A 301 or 302 repeats the request unchanged. Only 303 asks for a GET.
    methodRewriting: false,
  });
}

function isSameOrigin(from: string, location: string | undefined): boolean {
  if (location === undefined || !URL.canParse(location, from)) return false;
  const target = new URL(location, from);
  return target.origin === new URL(from).origin && target.username === "" && target.password === "";
}
