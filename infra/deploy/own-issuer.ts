import { checkIssuer } from "../doctor/identity.ts";

interface Issuers {
  AUTH_ISSUER?: string | undefined;
  SIGN_IN_ISSUER?: string | undefined;
}

/** What the gateway's check of tokens depends on, as options of osls and as a line for people. */
interface GatewayCheck {
  options: string[];
  note?: string;
}

/**
 * API Gateway reads the issuer's documents when it makes the check (infra/resources/authorizers.ts). Our own issuer responds
 * only after a first deployment, and after `npm run sign-in` has made its keys: until then it is deployed without the check,
 * and the functions alone verify tokens.
 */
export async function gatewayCheck(
  { AUTH_ISSUER, SIGN_IN_ISSUER }: Issuers,
  check = checkIssuer,
): Promise<GatewayCheck> {
  if (!SIGN_IN_ISSUER) return { options: [] };
  if (AUTH_ISSUER)
    return { options: [], note: "two issuers: the functions verify tokens, API Gateway does not" };
  const { findings } = await check(SIGN_IN_ISSUER);
  if (findings.every(({ outcome }) => outcome === "ok")) return { options: [] };
  const note =
    `${SIGN_IN_ISSUER} does not respond as an issuer yet, so API Gateway does not check tokens; the functions do.\n` +
    "Make its keys (npm run sign-in), and deploy again.";
  return { options: ["--param", "gatewayAuthorizer=none"], note };
}
