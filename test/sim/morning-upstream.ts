import type { CallHandling } from "../../lib/contract/paging.ts";
import * as callHandling from "../../lib/ringcentral/api/call-handling.ts";
import * as operations from "../../lib/ringcentral/api/operations.ts";
import { MOVE_FEATURE } from "../../lib/ringcentral/api/wire-call-handling.ts";
import type { HttpRequest, HttpResponse } from "../../lib/ringcentral/http/transport.ts";
import type { Schedule } from "../support/schedule.ts";
import { createRateLimiter, rateLimitHeaders } from "../twin/edge/rate-limiter.ts";
import { type Group, LIMITS } from "./upstream.ts";

/** What RingCentral counts token calls by. Its documents do not say. [unsure] */
export type AuthScope = "app" | "user";

export interface UpstreamOptions {
  authLimit: number;
  authScope: AuthScope;
  /** Of all extensions. Absent: legacy, and the new backend lists nothing for them instead of denying. */
  callHandling?: CallHandling;
  /** Of Light, Medium and Heavy: a multiple of the usual ones. */
  limits?: number;
}

/** The user that the service's JWT names. */
const SERVICE = "service";
const TOKEN_LIFE_S = 3_600;
const REFRESH_LIFE_S = 604_800;

/** By operation. */
export const groups: ReadonlyMap<string, Group> = new Map(
  [...Object.values(operations), ...Object.values(callHandling)].flatMap((operation) =>
    typeof operation === "object" && "group" in operation ? [[operation.name, operation.group]] : [],
  ),
);

interface Session {
  user: string;
  access: string;
  /** The end of the access token, by true time. */
  until: number;
  refresh: string;
}

export interface TokenArrival {
  at: number;
  user: string;
  grant: string;
  accepted: boolean;
}

/** RingCentral as users with their own sessions meet it: tokens, and limits by user. Its lists are empty. */
export class MorningUpstream {
  readonly tokenCalls: TokenArrival[] = [];
  /** 429s of the API. */
  rejected = 0;
  /** The API's calls of each limit. */
  readonly calls: Record<Group, number> = { light: 0, medium: 0, heavy: 0, auth: 0 };
  readonly #schedule: Schedule;
  readonly #options: UpstreamOptions;
  readonly #limiter = createRateLimiter();
  readonly #byAccess = new Map<string, Session>();
  readonly #byRefresh = new Map<string, Session>();
  #issued = 0;

  constructor(schedule: Schedule, options: UpstreamOptions) {
    this.#schedule = schedule;
    this.#options = options;
  }

  /** The limit of which the most is used. */
  fullest(): Group {
    const { light, medium, heavy } = this.calls;
    if (light / LIMITS.light >= Math.max(medium / LIMITS.medium, heavy / LIMITS.heavy)) return "light";
    return medium / LIMITS.medium >= heavy / LIMITS.heavy ? "medium" : "heavy";
  }

  /** A session that began at that time. */
  begin(user: string, at: number) {
    this.#issued += 1;
    const [access, refresh] = [`access-${this.#issued}`, `refresh-${this.#issued}`];
    const session = { user, access, refresh, until: at + TOKEN_LIFE_S * 1_000 };
    this.#byAccess.set(access, session);
    this.#byRefresh.set(refresh, session);
    return {
      accessToken: access,
      refreshToken: refresh,
      expiresInSeconds: TOKEN_LIFE_S,
      refreshExpiresInSeconds: REFRESH_LIFE_S,
    };
  }

  /** 30 to 300 ms of work if the request is accepted. */
  async receive(request: HttpRequest): Promise<HttpResponse> {
    const response =
      request.url.pathname === "/restapi/oauth/token" ? this.#token(request) : this.#api(request);
    const { between, clock } = this.#schedule;
    await clock.sleep(response.status === 200 ? between(30, 300) : 10);
    return response;
  }

  #token({ body = "" }: HttpRequest): HttpResponse {
    const form = new URLSearchParams(body);
    const grant = form.get("grant_type") ?? "";
    const session = this.#byRefresh.get(form.get("refresh_token") ?? "");
    const user = session?.user ?? form.get("code") ?? SERVICE;
    const { authLimit, authScope } = this.#options;
    const at = this.#schedule.clock.now();
    const verdict = this.#limiter.hit(`auth ${authScope === "user" ? user : ""}`, authLimit, at);
    const { accepted } = verdict;
    this.tokenCalls.push({ at, user, grant, accepted });
    const headers = rateLimitHeaders("auth", verdict);
    if (!accepted) return response(429, { errorCode: "CMN-301" }, headers);
    if (grant === "refresh_token" && session === undefined)
      return response(400, { error: "invalid_grant" }, headers);
    if (session !== undefined) {
      this.#byAccess.delete(session.access);
      this.#byRefresh.delete(session.refresh);
    }
    const { accessToken, refreshToken } = this.begin(user, at);
    return response(
      200,
      {
        access_token: accessToken,
        refresh_token: refreshToken,
        expires_in: TOKEN_LIFE_S,
        refresh_token_expires_in: REFRESH_LIFE_S,
        token_type: "bearer",
      },
      headers,
    );
  }

  #api({ operation, headers: { authorization = "" } }: HttpRequest): HttpResponse {
    const session = this.#byAccess.get(authorization.replace("Bearer ", ""));
    const now = this.#schedule.clock.now();
    if (session === undefined || session.until <= now) return response(401, { errorCode: "OAU-213" }, {});
    const group = groups.get(operation);
    if (group === undefined) throw new Error(`the model has no ${operation}`);
    this.calls[group] += 1;
    const limit = LIMITS[group] * (this.#options.limits ?? 1);
    const verdict = this.#limiter.hit(`${group} ${session.user}`, limit, now);
    if (!verdict.accepted) this.rejected += 1;
    const headers = rateLimitHeaders(group, verdict);
    if (!verdict.accepted) return response(429, { errorCode: "CMN-301" }, headers);
    return this.#content(operation, headers);
  }

  #content(operation: string, headers: Record<string, string>): HttpResponse {
    const isNew = this.#options.callHandling === "new";
    if (operation === operations.addBlockedNumber.name)
      return response(200, { id: "1", phoneNumber: "+12025550143" }, headers);
    if (operation === callHandling.readFeatures.name && isNew) {
      const params = [{ name: "isNewBackendAvailable", value: "true" }];
      return response(200, { records: [{ id: MOVE_FEATURE, available: true, params }] }, headers);
    }
    if (operation === callHandling.readFlips.name && this.#options.callHandling === "legacy")
      return response(403, { errorCode: "CMN-403", errors: [{ errorCode: "CMN-403" }] }, headers);
    return response(200, { records: [] }, headers);
  }
}

function response(status: number, body: object, headers: Record<string, string>): HttpResponse {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const type = { "content-type": "application/json" };
  return { status, headers: { ...type, ...Object.fromEntries(named) }, body: JSON.stringify(body) };
}
