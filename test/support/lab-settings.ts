import { randomBytes } from "node:crypto";
import { createLogger } from "../../lib/platform/logger.ts";
import { createSealingKeys } from "../../lib/platform/sealing-keys.ts";
import type { LoadReader } from "../../lib/platform/secrets.ts";
import { createOAuth } from "../../lib/ringcentral/auth/oauth.ts";
import { StoredSessions } from "../../lib/ringcentral/auth/user-sessions.ts";
import type { Transport } from "../../lib/ringcentral/http/transport.ts";
import { runtime } from "../../lib/runtime/runtime.ts";

/** The company's identity provider in a lab whose dependencies are in its process. */
export const COMPANY = "https://login.example.com";

/** The settings of a deployed function there. @param own the address of the service's own sign-in */
export const labEnvironment = (own: string, accountId: string) => ({
  RINGCENTRAL_SECRET_ID: "ringcentral",
  PSEUDONYM_SECRET_ID: "pseudonyms",
  SESSION_SECRET_ID: "sessions",
  AUTH_ISSUER: COMPANY,
  AUTH_AUDIENCE: "numbers",
  SIGN_IN_ISSUER: own,
  SERVED_ACCOUNTS: accountId,
  TABLE_NAME: "records",
});

/** The contents of the secrets that are not RingCentral's. */
export const labSecrets = () => ({
  pseudonyms: "p".repeat(64),
  sessions: JSON.stringify({ sealingKeys: [randomBytes(32).toString("base64url")] }),
});

/** The sessions in the table of the present process, by the settings of the environment. */
export function labSessions(accountId: string, transport: Transport, load: LoadReader): StoredSessions {
  const { records, clock, random, for: of } = runtime();
  const log = createLogger({}, { write: () => {} });
  const oauth = createOAuth({ transport, clock, log });
  const sealingKeys = createSealingKeys(process.env.SESSION_SECRET_ID ?? "", clock, load);
  return new StoredSessions({ records, clock, random, oauth, sealingKeys, appOf: () => of({ accountId }) });
}
