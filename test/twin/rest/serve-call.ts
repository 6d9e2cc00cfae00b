import type { Account, Extension } from "../data/world.ts";
import { beforeExtensionCall } from "../edge/call-handling-control.ts";
import type { Platform } from "../edge/platform.ts";
import { rateLimitHeaders } from "../edge/rate-limiter.ts";
import type { ReceivedRequest } from "../edge/received-request.ts";
import type { LoggedRequest } from "../edge/request-log.ts";
import { type HttpResponse, Rejection } from "../edge/response.ts";
import { personOf } from "../oauth/people.ts";
import { covers, scopeOf } from "../oauth/scope.ts";
import type { Session } from "../oauth/sessions.ts";
import { authenticate } from "./authentication.ts";
import { requireAvailable } from "./availability.ts";
import type { Call } from "./call.ts";
import { appPermissionMissing, notFound, restError, userPermissionMissing } from "./errors.ts";
import type { Match } from "./match-route.ts";
import { spoilList } from "./odd-lists.ts";

/**
 * Serves a call of the REST API: authentication, budget, permissions, then the call itself. A rejected call counts
 * against the budget like any other, once its session is known.
 * @param isDuplicate whether an identical write is being processed
 */
export async function serveCall(
  platform: Platform,
  request: ReceivedRequest,
  match: Match,
  isDuplicate: boolean,
  entry: LoggedRequest,
): Promise<HttpResponse> {
  platform.schedule.beforeCall(match.route.operation);
  const session = authenticate(platform.sessions, request);
  const { app, user } = session;
  entry.clientId = app.clientId;
  if (user.extensionId !== undefined) entry.callerExtensionId = user.extensionId;
  const headers = countAgainstBudget(platform, session, match);
  try {
    // Without a Retry-After: no budget is used up, the first write is still in progress [unsure].
    if (isDuplicate) throw restError(429, "CMN-304", "Duplicate concurrent request");
    requireAvailable(platform.settings, match.route);
    const response = spoilList(
      platform.settings.oddLists,
      match.route.operation,
      request.query,
      await handle(platform, request, match, session),
    );
    return { ...response, headers: { ...headers, ...response.headers } };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ...error.response, headers: { ...headers, ...error.response.headers } };
  }
}

/** @throws Rejection 429 */
function countAgainstBudget(platform: Platform, session: Session, match: Match): Record<string, string> {
  const { app, user } = session;
  const { group } = match.route;
  if (app.planProblem !== undefined) {
    throw restError(429, app.planProblem, "Rate limits undefined for the application");
  }
  const { accountLimit, limits } = platform.settings;
  const now = platform.clock.now();
  const accountKey = JSON.stringify([app.clientId, user.accountId]);
  // RingCentral sets such a limit in emergencies; it announces itself by no header [docs: RATE].
  if (accountLimit > 0 && !platform.limiter.hit(accountKey, accountLimit, now).accepted)
    throw restError(429, "CMN-301", "Request rate exceeded");
  const limit = limits[group];
  if (limit === false) return {};
  // All methods of a group share the bucket of one user in one app [docs: RATE].
  const key = JSON.stringify([app.clientId, personOf(user), group]);
  const verdict = platform.limiter.hit(key, limit, now);
  const headers = rateLimitHeaders(group, verdict);
  if (!verdict.accepted) throw restError(429, "CMN-301", "Request rate exceeded", {}, headers);
  return headers;
}

function handle(
  platform: Platform,
  request: ReceivedRequest,
  match: Match,
  session: Session,
): HttpResponse | Promise<HttpResponse> {
  const { world, settings, baseUrl, webhooks } = platform;
  const now = platform.clock.now();
  const { route, params } = match;
  const { app, user } = session;
  const { clientId } = app;
  if (user.extensionId === undefined) throw restError(401, "CMN-405", "Login to extension required");
  const account = findAccount(platform, session, params.accountId ?? "~");
  if (route.appPermission !== "" && !covers(scopeOf(session), route.appPermission))
    throw appPermissionMissing(route.appPermission);
  const call: Call = { world, settings, baseUrl, now, webhooks, request, clientId, user, account, params };
  const requireUserPermission = () => {
    const { userPermission } = route;
    if (userPermission !== "" && !user.permissions.includes(userPermission)) {
      throw userPermissionMissing(userPermission);
    }
  };
  if (route.level === "user") return route.handle(call);
  if (route.level === "account") {
    requireUserPermission();
    return route.handle(call);
  }
  const extension = findExtension(account, session, params.extensionId);
  requireUserPermission();
  beforeExtensionCall(platform, extension);
  return route.handle({ ...call, extension });
}

/** For a caller, other accounts do not exist. */
function findAccount({ world }: Platform, { user }: Session, accountId: string | undefined): Account {
  const account = world.accounts.get(user.accountId);
  if (account === undefined || (accountId !== "~" && accountId !== account.id)) throw notFound("accountId");
  return account;
}

/** Another extension's data is for administrators; others get 403, by the wording of the code [docs: ERR] [unsure]. */
function findExtension(account: Account, { user }: Session, extensionId: string | undefined): Extension {
  const id = extensionId === "~" ? user.extensionId : extensionId;
  const extension = account.extensions.get(id ?? "");
  if (extension === undefined) throw notFound("extensionId");
  if (!user.admin && extension.id !== user.extensionId) {
    throw restError(403, "CMN-404", "Attempt to access another extension");
  }
  return extension;
}
