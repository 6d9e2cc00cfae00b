import { type ProblemCode, problems } from "../problems.ts";
import { isConditional, isPaged, type ResponseKind, type Route } from "../route.ts";
import { headerRefs } from "./parameters.ts";
import { type JsonObject, refTo, schemaName, successBody } from "./schemas.ts";

/** The responses of a route: success, 304, and one shared response for each status of its problems. */
export function responsesOf(route: Route): JsonObject {
  const statuses = statusesOf(problemCodesOf(route));
  return {
    ...successOf(route),
    ...Object.fromEntries(
      statuses.map((status) => [String(status), { $ref: `#/components/responses/${responseName(status)}` }]),
    ),
  };
}

/** The problems of every route of its sort, and those of the route. */
export function problemCodesOf(route: Route): ProblemCode[] {
  return [
    "request_invalid",
    "internal",
    "rate_limited",
    ...(route.body ? (["body_too_large", "media_type_unsupported", "parameter_invalid"] as const) : []),
    ...(route.parameters?.shape.extensionId ? (["feature_not_available", "not_found"] as const) : []),
    ...(isConditional(route) ? (["precondition_failed"] as const) : []),
    ...(isPaged(route) ? (["cursor_invalid"] as const) : []),
    ...(route.method === "POST" && route.scope !== undefined ? keyed : []),
    ...(route.method !== "GET" && route.scope !== undefined ? (["outcome_unknown"] as const) : []),
    ...(route.scope === undefined ? [] : authenticated),
    ...(route.problems ?? []),
  ];
}

const keyed = ["idempotency_in_progress", "idempotency_key_reused"] as const;

const authenticated = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "scope_missing",
  "account_forbidden",
  "extension_forbidden",
  "upstream_permission_denied",
  "upstream_error",
  "upstream_auth_failed",
  "upstream_app_permission_missing",
  "upstream_rejected",
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_locked",
  "upstream_limited_mode",
  "directory_unavailable",
  "storage_unavailable",
  "credentials_unavailable",
  "token_issuer_unavailable",
  "configuration_invalid",
  "upstream_timeout",
] as const satisfies ProblemCode[];

/** One shared response per status. */
export function problemResponses(routes: readonly Route[]): JsonObject {
  return Object.fromEntries(
    statusesOf(routes.flatMap(problemCodesOf)).map((status) => {
      const codes = Object.entries(problems).filter(([, problem]) => problem.status === status);
      return [
        responseName(status),
        {
          description: codes.map(([code, problem]) => `\`${code}\`: ${problem.title}.`).join(" "),
          headers: headerRefs(
            "X-Request-Id",
            "Access-Control-Allow-Origin",
            ...(status >= 400 && status < 500 ? ["RateLimit", "RateLimit-Policy"] : []),
            ...(status === 429 || status === 503 ? ["Retry-After"] : []),
            ...(status === 401 ? ["WWW-Authenticate"] : []),
          ),
          content: { "application/problem+json": { schema: refTo("Problem") } },
        },
      ];
    }),
  );
}

const statusesOf = (codes: ProblemCode[]) => [...new Set(codes.map((code) => problems[code].status))].sort();

const responseName = (status: number) => `Problem${status}`;

const successes: Record<Exclude<ResponseKind, "page">, { status: number; headers: string[] }> = {
  list: { status: 200, headers: ["ETag", "Link", "Age"] },
  feed: { status: 200, headers: ["ETag", "Link", "Retry-After"] },
  item: { status: 200, headers: ["ETag"] },
  created: { status: 201, headers: ["Location", "ETag", "Idempotency-Replayed"] },
  batch: { status: 200, headers: ["Retry-After", "Idempotency-Replayed"] },
  accepted: { status: 202, headers: ["Location", "Idempotency-Replayed"] },
  deleted: { status: 204, headers: [] },
  plain: { status: 200, headers: ["ETag"] },
};

function successOf(route: Route): JsonObject {
  const { kind, description, existing } = route.response;
  if (kind === "page") throw new Error("the description has no pages");
  const { status, headers } = successes[kind];
  const body = successBody(route);
  const common = [
    "X-Request-Id",
    "Access-Control-Allow-Origin",
    ...(route.scope === undefined ? [] : ["RateLimit", "RateLimit-Policy"]),
  ];
  const response = (text: string) => ({
    description: text,
    headers: headerRefs(...common, ...headers),
    ...(body && { content: { "application/json": { schema: refTo(schemaName(body)) } } }),
  });
  return {
    ...(existing !== undefined && { 200: response(existing) }),
    [status]: response(description),
    ...(status === 200 &&
      route.method === "GET" && {
        "304": {
          description: "The caller has this version already.",
          headers: headerRefs(...common, "ETag"),
        },
      }),
  };
}
