import {
  type FieldError,
  type ProblemCode,
  type ProblemDetails,
  ProblemError,
} from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { RingCentralError, RingCentralFailure } from "../ringcentral/api/errors.ts";

/** The problem for each of RingCentral's error codes. For all others the kind of failure decides. */
const byErrorCode: Readonly<Record<string, ProblemCode>> = {
  "CMN-100": "parameter_invalid",
  "CMN-101": "parameter_invalid",
  "CMN-103": "parameter_invalid",
  "CMN-104": "parameter_invalid",
  "CMN-106": "parameter_invalid",
  "CMN-406": "parameter_invalid",
  "CMN-407": "parameter_invalid",
  "CMN-409": "parameter_invalid",
  "CMN-411": "parameter_invalid",
  "CMN-102": "not_found",
  "FPN-102": "forwarding_label_duplicate",
  "FPN-103": "forwarding_limit_reached",
  "FPN-104": "forwarding_custom_label_limit_reached",
  "FPN-105": "number_belongs_to_account",
  "FPN-106": "flip_number_in_use",
  "FPN-108": "international_calling_disabled",
  "AWR-180": "call_handling_unavailable",
  "CMN-403": "feature_not_available",
  "CMN-109": "feature_not_available",
  "CMN-408": "upstream_permission_denied",
  "CMN-402": "upstream_permission_denied",
  "CMN-404": "upstream_permission_denied",
  "CMN-401": "upstream_app_permission_missing",
  "CMN-405": "upstream_auth_failed",
  "CMN-301": "upstream_rate_limited",
  "CMN-302": "upstream_rate_limited",
  "CMN-303": "upstream_rate_limited",
  "CMN-310": "upstream_rate_limited",
  // The same write is in flight, and reading back could not settle it in time.
  "CMN-304": "upstream_timeout",
};

/** Our field for each of RingCentral's parameter names. */
const ourFields: Readonly<Record<string, { in: FieldError["in"]; field: string }>> = {
  phoneNumber: { in: "body", field: "phoneNumber" },
  name: { in: "body", field: "label" },
  label: { in: "body", field: "label" },
  flipNumber: { in: "body", field: "flipNumber" },
  type: { in: "body", field: "type" },
  device: { in: "body", field: "deviceId" },
  "device.id": { in: "body", field: "deviceId" },
  mode: { in: "body", field: "mode" },
  noCallerId: { in: "body", field: "noCallerId" },
  payPhones: { in: "body", field: "payPhones" },
  status: { in: "body", field: "status" },
  usageType: { in: "query", field: "usageType" },
  perPage: { in: "query", field: "limit" },
  page: { in: "query", field: "cursor" },
  extensionId: { in: "path", field: "extensionId" },
  forwardingNumberId: { in: "path", field: "forwardingNumberId" },
  blockedNumberId: { in: "path", field: "id" },
};

const nouns: Readonly<Record<string, string>> = {
  accountId: "The account",
  extensionId: "The extension",
  forwardingNumberId: "The forwarding number",
  blockedNumberId: "The entry",
};

const RATE_LIMITED_SECONDS = 60;
const UNAVAILABLE_SECONDS = 5;

/** The problem for a RingCentral failure. */
export function upstreamProblem(error: RingCentralError): ProblemError {
  const { failure } = error;
  const { status, errorCode, requestId } = failure;
  const code = problemCode(failure);
  return new ProblemError(code, {
    ...details(code, failure),
    ...retryAfter(code, failure),
    upstream: omitUndefined({ status, errorCode, requestId }),
    cause: error,
  });
}

function problemCode({ kind, status, errorCode }: RingCentralFailure): ProblemCode {
  if (kind === "auth") return "upstream_auth_failed";
  if (kind === "rate_limited") return "upstream_rate_limited";
  if (kind === "unavailable") return "upstream_unavailable";
  if (kind === "timeout") return "upstream_timeout";
  if (kind === "broken") return "upstream_error";
  const known = errorCode === undefined ? undefined : byErrorCode[errorCode];
  if (known !== undefined) return known;
  if (errorCode?.startsWith("OAU-") || status === 401) return "upstream_auth_failed";
  // An undocumented code: its HTTP status decides.
  if (status === 404) return "not_found";
  if (status === 403) return "upstream_permission_denied";
  if (status === 400) return "parameter_invalid";
  return "upstream_error";
}

function details(code: ProblemCode, { parameterName, permissionName }: RingCentralFailure): ProblemDetails {
  const permission =
    permissionName !== undefined && /^[\w-]{1,64}$/.test(permissionName) ? permissionName : undefined;
  switch (code) {
    case "parameter_invalid": {
      const ours = parameterName === undefined ? undefined : ourFields[parameterName];
      if (ours === undefined) return {};
      return { errors: [{ ...ours, code: "refused", detail: "RingCentral does not accept this value." }] };
    }
    case "not_found":
      return { detail: `${nouns[parameterName ?? ""] ?? "The resource"} was not found.` };
    case "upstream_permission_denied":
      return permission === undefined
        ? { detail: "The RingCentral user of this service may not reach this extension or account." }
        : { detail: `The RingCentral user of this service lacks the permission ${permission}.` };
    case "upstream_app_permission_missing":
      return permission === undefined
        ? {}
        : { detail: `The RingCentral app lacks the permission ${permission}.` };
    default:
      return {};
  }
}

function retryAfter(code: ProblemCode, { retryAfterMs }: RingCentralFailure): ProblemDetails {
  const byDefault =
    code === "upstream_rate_limited"
      ? RATE_LIMITED_SECONDS
      : code === "upstream_unavailable"
        ? UNAVAILABLE_SECONDS
        : undefined;
  if (byDefault === undefined) return {};
  return { retryAfterSeconds: retryAfterMs === undefined ? byDefault : Math.ceil(retryAfterMs / 1000) };
}
