import { type ProblemCode, problems } from "../problems.ts";
import { isPaged, type Route } from "../route.ts";
import { headerRefs } from "./parameters.ts";
import { itemName, type JsonObject, listName, refTo, schemaName } from "./schemas.ts";

/** What a route answers: success, 304, and a shared answer for each status a problem of its can have. */
export function answersOf(route: Route): JsonObject {
  const statuses = [...new Set(problemCodesOf(route).map((code) => problems[code].status))].sort();
  return {
    ...successOf(route),
    ...Object.fromEntries(
      statuses.map((status) => [String(status), { $ref: `#/components/responses/${answerName(status)}` }]),
    ),
  };
}

/** The problems every route of its sort can have, and its own. */
export function problemCodesOf(route: Route): ProblemCode[] {
  return [
    "request_invalid",
    "internal",
    "rate_limited",
    ...(route.body ? (["body_too_large", "media_type_unsupported"] as const) : []),
    ...(isPaged(route) ? (["cursor_invalid"] as const) : []),
    ...(route.method === "POST" && route.scope !== undefined ? keyed : []),
    ...(route.scope === undefined ? [] : authenticated),
    ...route.problems,
  ];
}

const keyed = ["idempotency_in_progress", "idempotency_key_reused", "storage_unavailable"] as const;

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
  "upstream_rate_limited",
  "upstream_unavailable",
  "token_issuer_unavailable",
  "configuration_invalid",
  "upstream_timeout",
] as const satisfies ProblemCode[];

/** One shared answer a status. */
export function problemAnswers(routes: readonly Route[]): JsonObject {
  const used = routes.flatMap(problemCodesOf);
  const statuses = [...new Set(used.map((code) => problems[code].status))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = Object.entries(problems).filter(([, problem]) => problem.status === status);
      return [
        answerName(status),
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

const answerName = (status: number) => `Problem${status}`;

function successOf(route: Route): JsonObject {
  const { kind, description, data } = route.answer;
  const common = [
    "X-Request-Id",
    "Access-Control-Allow-Origin",
    ...(route.scope === undefined ? [] : ["RateLimit", "RateLimit-Policy"]),
  ];
  const json = (name: string) => ({ "application/json": { schema: refTo(name) } });
  const notModified = {
    description: "The caller has this version already.",
    headers: headerRefs(...common, "ETag"),
  };
  switch (kind) {
    case "list":
      return {
        "200": {
          description,
          headers: headerRefs(...common, "ETag", "Link", "Age"),
          content: json(listName(route)),
        },
        "304": notModified,
      };
    case "feed":
      return {
        "200": {
          description,
          headers: headerRefs(...common, "ETag", "Link", "Retry-After"),
          content: json(listName(route)),
        },
        "304": notModified,
      };
    case "item":
      return {
        "200": { description, headers: headerRefs(...common, "ETag"), content: json(itemName(route)) },
        ...(route.method === "GET" && { "304": notModified }),
      };
    case "created":
      return {
        "201": {
          description,
          headers: headerRefs(...common, "Location", "ETag", "Idempotency-Replayed"),
          content: json(itemName(route)),
        },
      };
    case "accepted":
      return {
        "202": {
          description,
          headers: headerRefs(...common, "Location", "Idempotency-Replayed"),
          content: json(itemName(route)),
        },
      };
    case "deleted":
      return { "204": { description, headers: headerRefs(...common) } };
    case "plain":
      return {
        "200": { description, headers: headerRefs(...common, "ETag"), content: json(schemaName(data)) },
        ...(route.method === "GET" && { "304": notModified }),
      };
    case "page":
      throw new Error("pages are no part of the description");
  }
}
