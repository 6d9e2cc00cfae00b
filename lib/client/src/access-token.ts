import { readProblem } from "./problems.ts";
import { type Send, withHeader } from "./send.ts";

/**
 * A token, or a function that returns one. It is called with `renew: true` after the API rejected the last token as
 * expired; then it must not return a cached token.
 */
export type AccessToken = string | ((request: { renew: boolean }) => string | Promise<string>);

/** Adds the token to each request; renews it once when the API says that it has expired. */
export function withAccessToken(send: Send, accessToken: AccessToken | undefined): Send {
  if (accessToken === undefined) return send;
  if (typeof accessToken === "string") return (request) => send(authorized(request, accessToken));
  return async (request) => {
    const token = await accessToken({ renew: false });
    const response = await send(authorized(request, token));
    if (response.status !== 401 || !(await mayBeExpired(response))) return response;
    const renewed = await accessToken({ renew: true });
    return renewed === token ? response : send(authorized(request, renewed));
  };
}

const authorized = (request: Request, token: string) =>
  withHeader(request, "Authorization", `Bearer ${token}`);

/** API Gateway's own 401, before any function runs, has no problem document and gives no reason. */
async function mayBeExpired(response: Response): Promise<boolean> {
  const problem = await readProblem(response);
  return problem === undefined || problem.code === "token_expired";
}
