import type { App } from "../data/world.ts";
import type { Platform } from "../edge/platform.ts";
import { headerOf, type ReceivedRequest } from "../edge/received-request.ts";
import { oauthError } from "./errors.ts";

interface Presented {
  clientId: string;
  /** Absent for a public client, which is named in the body. */
  secret?: string;
}

const unreadable = () =>
  oauthError("invalid_client", "OAU-153", "Client credentials are missing or cannot be read");

/** Confidential clients use Basic, public ones a `client_id` in the body [spec]. */
function readCredentials({ settings }: Platform, request: ReceivedRequest, form: URLSearchParams): Presented {
  const authorization = headerOf(request, "authorization");
  if (authorization === undefined) {
    const clientId = form.get("client_id");
    if (!clientId) throw unreadable();
    return { clientId };
  }
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (encoded === undefined) throw unreadable();
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 1) throw unreadable();
  // Basic with an empty secret fails, also for a public client [observed: JS #182].
  if (colon === decoded.length - 1) throw unreadable();
  const decode = settings.basicCredentials === "raw" ? String : formDecode;
  return { clientId: decode(decoded.slice(0, colon)), secret: decode(decoded.slice(colon + 1)) };
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw unreadable();
  }
}

/**
 * Finds the app that a token request names. The request counts against its Auth limit even if `verify` fails later.
 * @throws Rejection when no known app is named
 */
export function identifyClient(
  platform: Platform,
  request: ReceivedRequest,
  form: URLSearchParams,
): { app: App; verify(): void } {
  const { clientId, secret } = readCredentials(platform, request, form);
  const app = platform.world.apps.get(clientId);
  const wrong = () => oauthError("invalid_client", "OAU-146", "Invalid client credentials");
  if (app === undefined) throw wrong();
  const verify = () => {
    if (app.clientSecret !== secret) throw wrong();
    // A client registered for the sandbox does not exist for production.
    if (app.sandboxOnly)
      throw oauthError("invalid_client", "OAU-165", "Sandbox application is not allowed here");
  };
  return { app, verify };
}
