import { generateKeyPairSync, randomBytes } from "node:crypto";
import { redirectUriProblem } from "../../lib/sign-in/redirect-uri.ts";
import { type Client, hashSecret, type SignInSecret, type SigningKey } from "../../lib/sign-in/secret.ts";
import { UsageError } from "../local/command-line.ts";

const HOUR_MS = 60 * 60 * 1000;
/** API Gateway keeps an issuer's keys for two hours: a key is published for longer before it signs. */
const PUBLISHED_MS = 3 * HOUR_MS;

/** 256 bits. */
export const newRandomText = () => randomBytes(32).toString("base64url");

export function newSigningKey(): SigningKey {
  const jwk = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const { n = "", e = "", d = "", p = "", q = "", dp = "", dq = "", qi = "" } = jwk;
  return { kty: "RSA", kid: randomBytes(9).toString("base64url"), n, e, d, p, q, dp, dq, qi };
}

export const newSecret = (now: number): SignInSecret => ({
  signingKeys: { current: newSigningKey(), next: newSigningKey(), changedAt: now },
  cookieKeys: [newRandomText()],
  clients: [],
});

/**
 * The next key signs, and a new one is published. The former key stays published for the tokens that it has signed, and the
 * former cookie key for the sign-ins that are under way.
 * @throws UsageError while API Gateway may not know the next key
 */
export function withNextKeys({ signingKeys, cookieKeys, clients }: SignInSecret, now: number): SignInSecret {
  const waitMs = signingKeys.changedAt + PUBLISHED_MS - now;
  if (waitMs > 0) {
    const hours = (waitMs / HOUR_MS).toFixed(1);
    throw new UsageError(`The next key has not been published for long enough: rotate in ${hours} h.`);
  }
  const { current, next } = signingKeys;
  return {
    signingKeys: { current: next, next: newSigningKey(), previous: current, changedAt: now },
    cookieKeys: [newRandomText(), ...cookieKeys.slice(0, 1)],
    clients,
  };
}

/** Adds a client, or changes it. @throws UsageError naming what is wrong */
export function withClient(secret: SignInSecret, client: Client): SignInSecret {
  for (const uri of client.redirectUris) {
    const problem = redirectUriProblem(uri);
    if (problem !== undefined) throw new UsageError(`The redirect URI ${uri} ${problem}.`);
  }
  return { ...secret, clients: [...withoutClient(secret, client.clientId).clients, client] };
}

/** Its refresh tokens are worth nothing from then on; its access tokens live for 15 minutes at most. */
export const withoutClient = (secret: SignInSecret, clientId: string): SignInSecret => ({
  ...secret,
  clients: secret.clients.filter((client) => client.clientId !== clientId),
});

/** A machine's secret is shown once; the sign-in keeps its hash. */
export function newMachineSecret() {
  const secret = newRandomText();
  return { secret, secretHash: hashSecret(secret) };
}

/** Keys and clients for people, without anything secret. */
export function describeSecret({ signingKeys, clients }: SignInSecret): string {
  const { current, next, previous } = signingKeys;
  const lines = clients.map(({ clientId, name, redirectUris, scopes, secretHash, accountId }) =>
    [
      `client ${clientId} (${name})${secretHash === undefined ? "" : ", with a secret"}`,
      ...(accountId === undefined ? [] : [`  account ${accountId}`]),
      `  scopes ${scopes.join(" ")}`,
      ...redirectUris.map((uri) => `  redirect URI ${uri}`),
    ].join("\n"),
  );
  const keys = `keys: ${current.kid} signs, ${next.kid} is next${previous ? `, ${previous.kid} was before` : ""}`;
  return [keys, ...lines].join("\n");
}
