/**
 * The closed catalogue of problems (RFC 9457), for the OpenAPI file, the error catalogue page and the edge. Every
 * response with an error has one of these codes.
 */
export const problems = {
  request_invalid: entry(
    400,
    "The request does not fit the contract",
    "Correct the fields listed in `errors`.",
  ),
  parameter_invalid: entry(
    400,
    "RingCentral rejected a value",
    "The request fits this API, but RingCentral does not accept one of its values; `errors` names it.",
  ),
  cursor_invalid: entry(
    400,
    "The cursor is not valid here",
    "A cursor is valid only for the route, extension and filters it was issued for. Start again without one.",
  ),
  token_missing: entry(401, "An access token is required", "Send `Authorization: Bearer <access token>`."),
  token_invalid: entry(
    401,
    "The access token is not valid",
    "Its signature, issuer, audience, algorithm or claims are not acceptable. Sign in again.",
  ),
  token_expired: entry(401, "The access token has expired", "Renew it and send the request again."),
  sign_in_required: entry(
    401,
    "Sign in with RingCentral again",
    "RingCentral has ended your session, or you have not signed in with RingCentral yet. A new sign-in begins another.",
  ),
  webhook_token_invalid: entry(
    401,
    "Not a notification for this service",
    "The delivery does not carry the verification token of this service's subscription.",
  ),
  scope_missing: entry(403, "The token lacks a scope", "The route's scope is in the API description."),
  extension_forbidden: entry(
    403,
    "Not your extension",
    "Without the scope `account:manage` a caller reaches only the extension named in its token.",
  ),
  account_forbidden: entry(
    403,
    "Not an account of this service",
    "The token names no RingCentral account, or one that is not served here.",
  ),
  feature_not_available: entry(
    403,
    "Feature not available",
    "RingCentral does not offer this feature for the extension or the account's plan.",
  ),
  upstream_permission_denied: entry(
    403,
    "RingCentral user permission missing",
    "The RingCentral user behind the call lacks the permission named in `detail`: your own, or the service's.",
  ),
  international_calling_disabled: entry(
    403,
    "International calling is disabled",
    "Enable international calling for the account, or use a domestic number.",
  ),
  call_handling_unavailable: entry(
    403,
    "Call handling is not available",
    "The extension's plan (such as a fax-only plan) has no call handling settings.",
  ),
  not_found: entry(404, "Not found", "`detail` names what was not found."),
  forwarding_label_duplicate: entry(409, "Label already in use", "Another forwarding number has this label."),
  forwarding_limit_reached: entry(409, "Too many forwarding numbers", "An extension has at most 10."),
  forwarding_custom_label_limit_reached: entry(
    409,
    "Too many custom-labelled forwarding numbers",
    "An extension has at most 7 with a custom label.",
  ),
  number_belongs_to_account: entry(
    409,
    "The number belongs to the account",
    "A company or direct number of the same account cannot be a forwarding number.",
  ),
  flip_number_in_use: entry(409, "Flip number already in use", "Choose another flip number."),
  number_already_listed: entry(
    409,
    "The number is listed already",
    "The number has an entry already, in another form than the request asks for. `entry` is that entry: change it, with " +
      "its `etag` as `If-Match`, or leave it.",
  ),
  idempotency_in_progress: entry(
    409,
    "The first request is still in progress",
    "A request with the same Idempotency-Key has not finished. Wait, then send it again.",
    true,
  ),
  sync_not_quarantined: entry(
    409,
    "Nothing is quarantined",
    "There is nothing to confirm: no sync is quarantined, a later one has committed, or other numbers are missing now.",
  ),
  snapshot_missing: entry(
    503,
    "There is no snapshot yet",
    "The account's numbers have not been synced yet. Wait `retryAfter` seconds, or list them live.",
  ),
  call_handling_moved: entry(
    409,
    "Call handling has moved",
    "RingCentral has moved the extension to its new call handling, where this cannot be done in this way.",
  ),
  cursor_expired: entry(
    410,
    "The cursor has expired",
    "Start over: send a request without a cursor, load the list that `meta.snapshot` links to, then follow the new cursor.",
  ),
  precondition_failed: entry(
    412,
    "The resource has changed",
    "`If-Match` names another version. Read it again, then repeat the change.",
  ),
  body_too_large: entry(413, "The body is too large", "Bodies hold at most 16 KiB, those of a batch 64 KiB."),
  media_type_unsupported: entry(415, "Media type not supported", "Send `Content-Type: application/json`."),
  idempotency_key_reused: entry(
    422,
    "Idempotency-Key used before with another request",
    "Use a fresh key for each different request.",
  ),
  upstream_rejected: entry(
    422,
    "RingCentral rejected the request",
    "RingCentral rejects the request for a reason that this API does not know; `upstream` has its code.",
  ),
  rate_limited: entry(
    429,
    "Your share of RingCentral's budget is used up",
    "Others are still served. `RateLimit-Policy` says whose share it is and of which budget. Wait `retryAfter` seconds.",
  ),
  internal: entry(500, "Internal error", "The fault is ours. Quote `instance` when you report it."),
  upstream_error: entry(502, "RingCentral failed", "RingCentral's response was an error or not usable."),
  write_incomplete: entry(
    502,
    "One part of the write is done",
    "RingCentral keeps a forwarding number in two places, and the second could not be changed in time. Repeat the " +
      "request: that completes it.",
  ),
  upstream_auth_failed: entry(
    502,
    "RingCentral rejected our credentials",
    "An operator has to check the RingCentral credential of this service.",
    false,
  ),
  upstream_app_permission_missing: entry(
    502,
    "RingCentral app permission missing",
    "An operator has to grant the RingCentral app the permission named in the log.",
    false,
  ),
  upstream_rate_limited: entry(
    503,
    "RingCentral's rate limit is reached",
    "The RingCentral budget that pays for the request is spent. Wait `retryAfter` seconds.",
  ),
  upstream_unavailable: entry(
    503,
    "RingCentral is not available",
    "RingCentral cannot be reached or is overloaded. Wait `retryAfter` seconds.",
  ),
  upstream_locked: entry(
    503,
    "RingCentral has locked the account",
    "Another change of the account is in progress, such as a template or an edit in the portal. Nothing was changed.",
  ),
  upstream_limited_mode: entry(
    503,
    "RingCentral is in limited mode",
    "RingCentral accepts no changes during its maintenance, and serves some reads only. Lists that were read in the last " +
      "day still work. Nothing was changed.",
  ),
  token_issuer_unavailable: entry(
    503,
    "The token issuer cannot be reached",
    "The keys that verify access tokens could not be loaded. Wait `retryAfter` seconds.",
  ),
  storage_unavailable: entry(
    503,
    "The service's storage is not available",
    "The table is unavailable or slow, and this request needs it. Wait `retryAfter` seconds.",
  ),
  directory_unavailable: entry(
    503,
    "The company directory is out of date",
    "The copy of RingCentral's company directory is missing, or too old to decide who may call. Wait `retryAfter` seconds. " +
      "Tokens that name their extension do not need it.",
  ),
  credentials_unavailable: entry(
    503,
    "The service's credentials cannot be read",
    "Secrets Manager is unavailable or slow, and the service has no RingCentral credentials yet. Wait `retryAfter` seconds.",
  ),
  queue_unavailable: entry(
    503,
    "The sync queue is not available",
    "The sync could not be queued. Wait `retryAfter` seconds.",
  ),
  configuration_invalid: entry(
    503,
    "The service is not configured",
    "A setting or secret is missing or malformed. An operator finds its name in the log.",
  ),
  outcome_unknown: entry(
    503,
    "The outcome of the write is unknown",
    "The write may have taken effect, or still may within two minutes. Repeat it with the same Idempotency-Key after " +
      "`retryAfter` seconds, or read the resource.",
  ),
  upstream_timeout: entry(
    504,
    "RingCentral did not respond in time",
    "Nothing was changed. The same request may succeed when RingCentral is faster.",
  ),
};

export type ProblemCode = keyof typeof problems;

/** One fault of one input field. */
export interface FieldError {
  in: "query" | "path" | "body" | "header";
  field: string;
  code: string;
  detail: string;
}

/** The entry that has a number, and the tag of a read of it. */
export interface ListedEntry {
  id: string;
  phoneNumber?: string | undefined;
  label?: string | undefined;
  /** Of a blocked or allowed number. */
  status?: string;
  /** Of a forwarding number. */
  type?: string;
  etag: string;
}

/** A request may have more faults than a response should name. */
export const MAX_FIELD_ERRORS = 100;

export interface ProblemDetails {
  detail?: string;
  retryAfterSeconds?: number;
  /** Replaces the catalogue's value. */
  retryable?: boolean;
  errors?: FieldError[];
  /** Of `number_already_listed`. */
  entry?: ListedEntry;
  upstream?: { status?: number; errorCode?: string; requestId?: string };
  cause?: unknown;
}

/** Ends a request with one problem of the catalogue. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;
  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? problems[code].title, { cause: details.cause });
    this.name = "ProblemError";
    this.code = code;
    this.details = details;
  }
}

/**
 * @param meaning the meaning and the fix, for the catalogue page and the OpenAPI file
 * @param retryable whether the same request may succeed later; by default after 429 and failures of a server
 */
function entry(status: number, title: string, meaning: string, retryable = status === 429 || status >= 500) {
  return { status, title, meaning, retryable };
}
