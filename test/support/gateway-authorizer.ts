/** What the template configures of API Gateway's JWT authorizer, for one route. */
export interface AuthorizerConfiguration {
  issuer: string;
  audience: readonly string[];
  scopes: readonly string[];
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * Whether API Gateway's JWT authorizer would admit a well-signed token, by the rules in AWS's documentation ("Control access
 * to HTTP APIs with JWT authorizers").
 */
export function gatewayAdmits(
  { header, payload }: { header: Claims; payload: Claims },
  { issuer, audience, scopes }: AuthorizerConfiguration,
  now: number,
): boolean {
  const listed = (claim: unknown) =>
    typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  const audiences = [payload.aud ?? payload.client_id].flat();
  const seconds = now / 1000;
  const isAt = (claim: unknown, right: (time: number) => boolean, isRequired = false) =>
    claim === undefined ? !isRequired : typeof claim === "number" && right(claim);
  return (
    /^(RS|PS)(256|384|512)$/.test(String(header.alg)) &&
    typeof header.kid === "string" &&
    payload.iss === issuer &&
    audiences.some((one) => audience.includes(String(one))) &&
    isAt(payload.exp, (exp) => exp > seconds, true) &&
    isAt(payload.nbf, (nbf) => nbf <= seconds) &&
    isAt(payload.iat, (iat) => iat <= seconds) &&
    (scopes.length === 0 ||
      [...listed(payload.scope), ...listed(payload.scp)].some((one) => scopes.includes(one)))
  );
}
