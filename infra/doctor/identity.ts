import { scopes as knownScopes } from "../../lib/contract/route.ts";
import { decode, ISSUER_LIMITS, signatureFault } from "../../lib/http/authenticate.ts";
import { type ClaimSettings, createClaimReader } from "../../lib/http/claims.ts";
import { discoveryUrl, readSigningKeys, type SigningKey } from "../../lib/http/issuer-keys.ts";
import { tokenIssuers } from "../../lib/http/token-issuers.ts";
import type { ClaimFault } from "../../lib/http/token-rejection.ts";
import type { Claimant } from "../../lib/people/claimant.ts";
import { isVerified } from "../../lib/people/match-email.ts";
import type { Clock } from "../../lib/platform/clock.ts";
import { getJson } from "../../lib/platform/get-json.ts";
import { ConfigurationError, readSettings } from "../../lib/platform/settings.ts";
import { UsageError } from "../local/command-line.ts";
import { issuerProblem } from "../resources/stack.ts";
import { type Finding, failed, ok, warning } from "./finding.ts";

type Environment = Record<string, string | undefined>;

/** The issuers of access tokens that the environment names. @throws UsageError */
export function readIssuers(env: Environment) {
  try {
    // What has nothing to do with tokens may be missing here.
    return tokenIssuers(
      readSettings({
        TABLE_NAME: "unused",
        RINGCENTRAL_SECRET_PREFIX: "unused",
        PSEUDONYM_SECRET_ID: "unused",
        ...env,
      }),
    );
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(`${error.message}: the guide docs/guides/identity.md says what to set.`);
  }
}

/** Whether the functions and API Gateway can verify the issuer's tokens. */
export async function checkIssuer(issuer: string): Promise<{ findings: Finding[]; keys: SigningKey[] }> {
  const check = "issuer";
  const problem = issuerProblem(issuer);
  if (problem !== undefined) {
    return { findings: [failed(check, { found: problem, fix: "Correct AUTH_ISSUER." })], keys: [] };
  }
  try {
    const keys = await readSigningKeys(issuer, (url) => getJson(url, ISSUER_LIMITS));
    const ids = keys.map(({ kid }) => kid).join(", ");
    return { findings: [ok(check, issuer), ok("issuer's keys", `RSA, for signatures: ${ids}`)], keys };
  } catch (error) {
    const found = `${issuer} cannot be used: ${error instanceof Error ? error.message : error}`;
    const fix = `AUTH_ISSUER must be \`issuer\` of ${discoveryUrl(issuer)}, to the letter, and its jwks_uri must list RSA keys.`;
    return { findings: [failed(check, { found, fix })], keys: [] };
  }
}

/**
 * The provider that `AUTH_ISSUER` names, for `npm start` and `npm run deploy`; `undefined` when it is not set.
 * @throws UsageError when its tokens could not be verified
 */
export async function findIssuer({ AUTH_ISSUER: url, AUTH_AUDIENCE: audience }: Environment) {
  if (!url) return undefined;
  const { findings } = await checkIssuer(url);
  const problem = findings.find(({ outcome }) => outcome === "failed");
  if (problem !== undefined) throw new UsageError(`${problem.found}\n${problem.fix}`);
  if (!audience)
    throw new UsageError("AUTH_AUDIENCE must be set too: the audience, or client id, of the tokens.");
  return { url, audience };
}

/** What the functions make of a token. @param keys the issuer's; none: its signature is not checked */
export async function explainToken(
  token: string,
  issuer: ClaimSettings,
  { keys, clock }: { keys: readonly SigningKey[]; clock: Clock },
): Promise<Finding[]> {
  const decoded = decode(token);
  if (decoded === undefined) {
    const found = "it is no JWT: three parts in base64url, divided by dots";
    const fix =
      "Some providers give opaque tokens until an audience is requested: see the guide on identity.";
    return [failed("token", { found, fix })];
  }
  const { claimant, faults } = createClaimReader(issuer, clock)(decoded);
  const signature = keys.length === 0 ? undefined : await signatureFault(token, decoded, keys);
  const all = signature === undefined ? faults : [...faults, signature];
  const findings = all.map((fault) => failed("token", describe(fault)));
  if (claimant === undefined) return findings;
  const { accountId } = claimant;
  return [
    ...findings,
    ok("token: account", accountId ?? "none: the person's record or e-mail names it"),
    describeExtension(claimant, Object.keys(decoded.payload)),
    describeScopes([...claimant.scopes], decoded.payload),
  ];
}

/** By the claim, or for a person without one by the record or the e-mail. */
function describeExtension(claimant: Claimant, names: readonly string[]): Finding {
  const check = "token: extension";
  const { extensionId, email, isClient } = claimant;
  if (extensionId !== undefined) return ok(check, extensionId);
  if (!isClient && email !== undefined && isVerified(email.verified)) {
    return ok(check, "that of the person's record, or of the one user with the verified e-mail");
  }
  const unverified = email === undefined ? "" : ", and does not say that its e-mail is verified";
  return warning(check, {
    found: `none, so \`me\` is 403 extension_forbidden; the token has ${names.join(", ")}${unverified}`,
    fix: "Name the claim, or the path to it, in AUTH_EXTENSION_CLAIM, or an e-mail's in AUTH_EMAIL_CLAIM. A service needs none.",
  });
}

function describeScopes(scopes: readonly string[], payload: Readonly<Record<string, unknown>>): Finding {
  const check = "token: scopes";
  const useful = scopes.filter((scope) => scope in knownScopes);
  if (useful.length > 0) return ok(check, useful.join(" "));
  const found = `none of this API's; scope is ${JSON.stringify(payload.scope)}, scp is ${JSON.stringify(payload.scp)}`;
  const fix =
    "Request the scopes, or name the prefix in AUTH_SCOPE_PREFIX, or the claim in AUTH_SCOPE_CLAIMS.";
  return warning(check, { found, fix });
}

const fixes: Readonly<Record<string, string>> = {
  alg: "Let the provider sign with RS256: API Gateway takes RSA only.",
  kid: "API Gateway needs a kid, and the key of that id at the issuer's jwks_uri.",
  iss: "Set AUTH_ISSUER to what was found, to the letter, if that is your provider.",
  typ: "Send the access token; AUTH_TOKEN_TYPE=id is for providers whose access tokens are no JWTs.",
  aud: "Request the token for this API, or add what was found to AUTH_AUDIENCE.",
  "aud, client_id": "Add the client's id to AUTH_AUDIENCE.",
  exp: "Sign in again; if it is new, compare the clocks.",
  signature: "The token was changed, or signed by another issuer.",
};

function describe({ claim, expected, found, code }: ClaimFault) {
  const fix = fixes[claim] ?? "Correct the provider's mapping, or the setting AUTH_… that names the claim.";
  return { found: `${claim} is ${found}, not ${expected} (${code})`, fix };
}
