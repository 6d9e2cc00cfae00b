import { ConfigurationError, type Settings } from "../platform/settings.ts";
import type { ClaimSettings, Decoded } from "./claims.ts";

/**
 * The issuers whose tokens are accepted, each with the way its tokens are read: the company's identity provider, by the
 * settings AUTH_…, and this service itself, whose tokens have fixed claims.
 * @returns at least one
 */
export function tokenIssuers(settings: Settings): [ClaimSettings, ...ClaimSettings[]] {
  const { AUTH_ISSUER: company, SIGN_IN_ISSUER, SERVED_ACCOUNTS } = settings;
  const own = SIGN_IN_ISSUER === undefined ? [] : [ownIssuer(SIGN_IN_ISSUER, SERVED_ACCOUNTS)];
  const [first, ...others] = company === undefined ? own : [{ ...settings, AUTH_ISSUER: company }, ...own];
  if (first === undefined) throw new ConfigurationError("AUTH_ISSUER", "is not set (nor is SIGN_IN_ISSUER)");
  return [first, ...others];
}

/** The issuer that a token names, else the first: its reader says what is wrong with the name. */
export function issuerOf<Issuer extends Pick<ClaimSettings, "AUTH_ISSUER">>(
  issuers: readonly [Issuer, ...Issuer[]],
  { payload: { iss } }: Decoded,
): Issuer {
  return issuers.find(({ AUTH_ISSUER }) => AUTH_ISSUER === iss) ?? issuers[0];
}

/** The audience is the API's address, which is the issuer's too. */
function ownIssuer(issuer: string, servedAccounts: string[]): ClaimSettings {
  return {
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: [issuer],
    AUTH_TOKEN_TYPE: "access",
    AUTH_REQUIRED_CLAIMS: [],
    AUTH_ACCOUNT_CLAIM: "rc_account_id",
    AUTH_EXTENSION_CLAIM: "rc_extension_id",
    AUTH_EMAIL_CLAIM: "none",
    AUTH_SCOPE_CLAIMS: [],
    AUTH_SCOPE_PREFIX: "",
    AUTH_GRANTED_SCOPES: [],
    SERVED_ACCOUNTS: servedAccounts,
    isOwn: true,
  };
}
