import {
  type FieldError,
  type ProblemCode,
  type ProblemDetails,
  ProblemError,
  problems,
} from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { problemCodesOf } from "../contract/route-problems.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import {
  deniesEndpoint,
  RingCentralError,
  type RingCentralFailure,
  type ShareUsed,
} from "../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { Translate } from "./problem.ts";

/** The problem of a route for an error of RingCentral, its credentials or the table; `undefined` for any other. */
export function translatorFor(route: Route): Translate {
  const declared: ReadonlySet<ProblemCode> = new Set(problemCodesOf(route));
  return (error) => translate(error, declared);
}

function translate(error: unknown, declared: ReadonlySet<ProblemCode>): ProblemError | undefined {
  if (error instanceof RingCentralError) return upstreamProblem(error, declared);
  if (error instanceof SecretUnavailableError) {
    return new ProblemError("credentials_unavailable", { cause: error });
  }
  if (error instanceof StorageUnavailable) return new ProblemError("storage_unavailable", { cause: error });
  return undefined;
}

const each = (code: ProblemCode, ...errorCodes: string[]) => errorCodes.map((text) => [text, code] as const);

/** The problem for each of RingCentral's error codes. For all others the kind of failure decides. */
const byErrorCode: ReadonlyMap<string, ProblemCode> = new Map([
  ...each("parameter_invalid", "CMN-100", "CMN-101", "CMN-103", "CMN-104", "CMN-106"),
  ...each("parameter_invalid", "CMN-406", "CMN-407", "CMN-409", "CMN-411"),
  ...each("not_found", "CMN-102"),
  ...each("forwarding_label_duplicate", "FPN-102"),
  ...each("forwarding_limit_reached", "FPN-103"),
  ...each("forwarding_custom_label_limit_reached", "FPN-104"),
  ...each("number_belongs_to_account", "FPN-105"),
  ...each("flip_number_in_use", "FPN-106"),
  ...each("international_calling_disabled", "FPN-108"),
  ...each("call_handling_unavailable", "AWR-180"),
  ...each("feature_not_available", "CMN-109", "CMN-403"),
  ...each("upstream_permission_denied", "CMN-402", "CMN-404", "CMN-408"),
  ...each("call_handling_moved", "CMN-468"),
  ...each("upstream_app_permission_missing", "CMN-401"),
  ...each("upstream_auth_failed", "CMN-405"),
  ...each("upstream_rate_limited", "CMN-301", "CMN-302", "CMN-303", "CMN-310"),
]);

type Place = Pick<FieldError, "in" | "field">;
const inBody = (field: string): Place => ({ in: "body", field });

/** Our field for each of RingCentral's parameter names. */
const ourFields: ReadonlyMap<string, Place> = new Map([
  ...["phoneNumber", "label", "flipNumber", "type", "mode", "noCallerId", "payPhones", "status"].map(
    (name) => [name, inBody(name)] as const,
  ),
  ["name", inBody("label")],
  ["device", inBody("deviceId")],
  ["device.id", inBody("deviceId")],
  ["usageType", { in: "query", field: "usageType" }],
  ["perPage", { in: "query", field: "limit" }],
  ["page", { in: "query", field: "cursor" }],
  ["extensionId", { in: "path", field: "extensionId" }],
  ["forwardingNumberId", { in: "path", field: "forwardingNumberId" }],
  ["blockedNumberId", { in: "path", field: "id" }],
]);

const nouns: Readonly<Record<string, string>> = {
  accountId: "The account",
  extensionId: "The extension",
  forwardingNumberId: "The forwarding number",
  blockedNumberId: "The entry",
};

const hints: Readonly<Record<string, string>> = {
  extensionId: " The path takes RingCentral's id of the extension, or `me`, not the number that people dial.",
};

/**
 * The problem for a RingCentral failure.
 * @param declared the codes of the route; absent: any
 */
export function upstreamProblem(error: RingCentralError, declared?: ReadonlySet<ProblemCode>): ProblemError {
  const { failure } = error;
  const { status, errorCode, requestId, retryAfterMs } = failure;
  const code = problemCode(failure, declared);
  return new ProblemError(code, {
    ...details(code, failure),
    ...([429, 503].includes(problems[code].status) &&
      retryAfterMs !== undefined && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
    // The same request would be rejected again.
    ...(code === "upstream_error" && failure.kind === "rejected" && { retryable: false }),
    // A status that HTTP does not define would break our own schema.
    upstream: omitUndefined({ status: (status ?? 600) < 600 ? status : undefined, errorCode, requestId }),
    cause: error,
  });
}

const byKind: { readonly [Kind in RingCentralFailure["kind"]]?: ProblemCode } = {
  auth: "upstream_auth_failed",
  session_ended: "sign_in_required",
  rate_limited: "upstream_rate_limited",
  storage: "storage_unavailable",
  credentials: "credentials_unavailable",
  unavailable: "upstream_unavailable",
  locked: "upstream_locked",
  limited_mode: "upstream_limited_mode",
  timeout: "upstream_timeout",
  bad_response: "upstream_error",
};

function problemCode(failure: RingCentralFailure, declared?: ReadonlySet<ProblemCode>): ProblemCode {
  const { kind, status, errorCode, share } = failure;
  if (share !== undefined) return "rate_limited";
  const known = byKind[kind] ?? byErrorCode.get(errorCode ?? "");
  if (known !== undefined && declared?.has(known) !== false) return known;
  if (errorCode?.startsWith("OAU-") || status === 401) return "upstream_auth_failed";
  // The number may well be there: an app that is told otherwise would take it off its list.
  if (deniesEndpoint(failure)) return "upstream_error";
  // A code that RingCentral does not document for this endpoint: its HTTP status decides.
  if (status === 404) return "not_found";
  if (status === 403) return "upstream_permission_denied";
  // Without a code nothing says that a value of the caller's is wrong.
  if (status === 400) return errorCode === undefined ? "upstream_error" : "parameter_invalid";
  // 429 is the same write twice (CMN-304): no other request of the caller's would do.
  const isFault = status === undefined || status >= 500 || status === 429;
  return isFault ? "upstream_error" : "upstream_rejected";
}

function details(code: ProblemCode, failure: RingCentralFailure): ProblemDetails {
  const { parameterName = "", permissionName = "", share } = failure;
  const permission = /^[\w-]{1,64}$/.test(permissionName) ? permissionName : undefined;
  switch (code) {
    case "parameter_invalid": {
      const ours = ourFields.get(parameterName);
      if (ours === undefined) return {};
      return { errors: [{ ...ours, code: "refused", detail: "RingCentral does not accept this value." }] };
    }
    case "rate_limited":
      return share === undefined ? {} : { detail: shareDetail(share) };
    case "not_found":
      return {
        detail: `${nouns[parameterName] ?? "The resource"} was not found.${hints[parameterName] ?? ""}`,
      };
    case "upstream_permission_denied":
      return permission === undefined
        ? { detail: "The RingCentral user behind the call may not reach this extension or account." }
        : { detail: `The RingCentral user behind the call lacks the permission ${permission}.` };
    case "upstream_app_permission_missing":
      return permission ? { detail: `The RingCentral app lacks the permission ${permission}.` } : {};
    default:
      return {};
  }
}

function shareDetail({ of, group, limit, windowSeconds }: ShareUsed): string {
  const holder = of === "caller" ? "You have" : "The callers of this extension have";
  return `${holder} used the share of RingCentral's budget \`${group}\`: at most ${limit} calls in ${windowSeconds} s, and fewer while others need them.`;
}
