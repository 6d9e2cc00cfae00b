import type { ProblemCode } from "./problems.ts";
import { isConditional, isPaged, type Route } from "./route.ts";

/**
 * Every problem that a route can respond with: those of its sort, and those that it declares. The edge turns any other
 * code of RingCentral's into one of these.
 */
export function problemCodesOf(route: Route): ProblemCode[] {
  const { scope, method, isWebhook, parameters } = route;
  const needsToken = scope !== undefined;
  const codes: readonly (false | readonly ProblemCode[])[] = [
    ["request_invalid", "internal"],
    route.body !== undefined && ["body_too_large", "media_type_unsupported"],
    isPaged(route) && ["cursor_invalid"],
    needsToken && authenticated,
    needsToken && scope !== "any" && ["scope_missing"],
    needsToken && method !== "GET" && ["outcome_unknown"],
    needsToken && method === "POST" && ["idempotency_in_progress", "idempotency_key_reused"],
    needsToken && isConditional(route) && ["precondition_failed"],
    isWebhook === true && ["body_too_large", "configuration_invalid", "storage_unavailable"],
    route.callsRingCentral === true && ofRingCentral,
    route.callsRingCentral === true && parameters?.shape.extensionId !== undefined && ["sign_in_required"],
    route.problems ?? [],
  ];
  return [...new Set(codes.flatMap((some) => some || []))];
}

/** Of finding out who the caller is: the token, the table and the copy of the directory. */
const authenticated = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "account_forbidden",
  "extension_forbidden",
  "token_issuer_unavailable",
  "directory_unavailable",
  "storage_unavailable",
  "credentials_unavailable",
  "configuration_invalid",
] as const satisfies ProblemCode[];

/** Of every call of RingCentral. */
const ofRingCentral = [
  "parameter_invalid",
  "feature_not_available",
  "upstream_permission_denied",
  "not_found",
  "upstream_rejected",
  "rate_limited",
  "upstream_error",
  "upstream_auth_failed",
  "upstream_app_permission_missing",
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_locked",
  "upstream_limited_mode",
  "upstream_timeout",
] as const satisfies ProblemCode[];
