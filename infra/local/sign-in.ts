import { createHash } from "node:crypto";
import { scopes } from "../../lib/contract/route.ts";
import { sessionSecretName, signInSecretName } from "../resources/secret.ts";
import { newRandomText, newSecret, withClient } from "../sign-in/content.ts";
import type { Stack } from "./stack-file.ts";
import { LOCAL_STAGE } from "./stage.ts";

/** An app that is registered here for trying things out: on any port of this machine, or as com.example.app. */
const EXAMPLE_APP = "example-app";
const HERE = ["http://127.0.0.1", "http://localhost"];

const clients = {
  [EXAMPLE_APP]: { name: "Example app", origins: [...HERE, "com.example.app:"], paths: ["/", "/callback"] },
  // The API's own pages (lib/pages/shared/access.ts).
  pages: { name: "Ringfront's pages", origins: HERE, paths: ["/docs", "/console"] },
};

/** New keys with every start: who signed in before has to do it again. */
export function signInSecrets(now: number): Record<string, string> {
  const secret = Object.entries(clients).reduce((secret, [clientId, { name, origins, paths }]) => {
    const redirectUris = origins.flatMap((origin) => paths.map((path) => `${origin}${path}`));
    return withClient(secret, { clientId, name, redirectUris, scopes: Object.keys(scopes) });
  }, newSecret(now));
  return {
    [signInSecretName(LOCAL_STAGE)]: JSON.stringify(secret),
    [sessionSecretName(LOCAL_STAGE)]: JSON.stringify({ sealingKeys: newRandomText() }),
  };
}

export const signInOf = (apiUrl: string) => ({ issuer: apiUrl, clientId: EXAMPLE_APP });

/** The address that RingCentral sends people back to; the app there has to know it. */
export const callbackUrl = (apiUrl: string) => `${apiUrl}/oauth/callback`;

/** Two lines to try the sign-in by hand. The verifier is no secret: it is for this one try. */
export function signInLines({ apiUrl, signIn: { clientId } }: Stack): string {
  const verifier = "a-verifier-for-trying-it-by-hand-and-nothing-else";
  const redirectUri = `${apiUrl}/callback`;
  const parameters = new URLSearchParams({
    client_id: clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid numbers:read numbers:write",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const fields = `-d grant_type=authorization_code -d client_id=${clientId} -d redirect_uri=${redirectUri} -d code_verifier=${verifier}`;
  return [
    `# sign in with RingCentral: the button on ${apiUrl}/docs and /console (Marta Vidal is an administrator)`,
    "# or by hand: open this, pick a person, and put the code from the address into the second line",
    `  ${apiUrl}/oauth/authorize?${parameters}`,
    `  curl -s ${apiUrl}/oauth/token ${fields} -d code=…`,
  ].join("\n");
}
