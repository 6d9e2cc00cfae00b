import { createHash } from "node:crypto";
import { scopes } from "../../lib/contract/route.ts";
import { sessionSecretName, signInSecretName } from "../resources/secret.ts";
import { newRandomText, newSecret, withClient } from "../sign-in/content.ts";
import type { Stack } from "./stack-file.ts";
import { LOCAL_STAGE } from "./stage.ts";

/** An app that is registered here for trying things out: on any port of this machine, or as com.example.app. */
const EXAMPLE_APP = "example-app";
const PATHS = ["/", "/callback", "/docs", "/console"];

/** New keys with every start: who signed in before has to do it again. */
export function signInSecrets(now: number): Record<string, string> {
  const redirectUris = ["http://127.0.0.1", "http://localhost", "com.example.app:"].flatMap((origin) =>
    PATHS.map((path) => `${origin}${path}`),
  );
  const client = { clientId: EXAMPLE_APP, name: "Example app", redirectUris, scopes: Object.keys(scopes) };
  return {
    [signInSecretName(LOCAL_STAGE)]: JSON.stringify(withClient(newSecret(now), client)),
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
    "# sign in with RingCentral: open this, pick a person, and put the code from the address into the second line",
    `  ${apiUrl}/oauth/authorize?${parameters}`,
    `  curl -s ${apiUrl}/oauth/token ${fields} -d code=…`,
  ].join("\n");
}
