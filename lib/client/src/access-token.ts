import { readProblem } from "./problems.ts";
import { type Send, withHeader } from "./send.ts";

/**
 * A token, or a function that gives one. It is called with `renew: true` when the API has refused the last one as
 * expired: then a token from a cache will not do.
 */
export type AccessToken = string | ((request: { renew: boolean }) => string | Promise<string>);

/** Puts the token on each request; renews it once when the API says that it expired. */
export function withAccessToken(send: Send, accessToken: AccessToken | undefined): Send {
  if (accessToken === undefined) return send;
  if (typeof accessToken === "string") return (request) => send(authorized(request, accessToken));
  return async (request) => {
    const token = await accessToken({ renew: false });
    const response = await send(authorized(request, token));
    if (response.status !== 401 || !(await tellsOfExpiry(response))) return response;
    const renewed = await accessToken({ renew: true });
    return renewed === token ? response : send(authorized(request, renewed));
  };
}

const authorized = (request: Request, token: string) =>
  withHeader(request, "Authorization", `Bearer ${token}`);

/** API Gateway's own 401, before any function runs, is no problem document and does not tell why. */
async function tellsOfExpiry(response: Response): Promise<boolean> {
  const problem = await readProblem(response);
  return problem === undefined || problem.code === "token_expired";
}
