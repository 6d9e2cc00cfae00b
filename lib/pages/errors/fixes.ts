import type { ProblemCode } from "../../contract/problems.ts";

/** Who can fix a problem. */
type Owner = "the app" | "its user" | "an administrator of the account" | "an operator" | "nobody: it passes";

interface Fix {
  owner: Owner;
  /** What to do; backticks mark code. */
  fix: string;
}

/** The fix for each problem, for the error catalogue. A code without an entry does not compile. */
export const fixes: Record<ProblemCode, Fix> = {
  request_invalid: {
    owner: "the app",
    fix: "Show `errors[].detail` beside the fields if a person typed them; otherwise it is a bug in the app. Unknown members and parameters are rejected, so look for a misspelt name.",
  },
  parameter_invalid: {
    owner: "its user",
    fix: "Show `errors[].detail` and let the user correct the value. `upstream.errorCode` is RingCentral's code for the broken rule.",
  },
  cursor_invalid: {
    owner: "the app",
    fix: "Start the list again without `cursor`. Send cursors unchanged, and only with the filters they were issued for.",
  },
  token_missing: { owner: "the app", fix: "Sign in, then send the access token with every request." },
  token_invalid: {
    owner: "the app",
    fix: "Sign in again. If it happens again, compare the token's `iss` and `aud` with the settings of this service.",
  },
  token_expired: {
    owner: "the app",
    fix: "Refresh the access token at its issuer, then send the request again.",
  },
  webhook_token_invalid: {
    owner: "an operator",
    fix: "Not for apps. If RingCentral itself is rejected, its subscription is outdated; it is renewed within the hour.",
  },
  scope_missing: {
    owner: "the app",
    fix: "Ask the issuer for the scope when signing in. The API reference names the scope of each operation.",
  },
  extension_forbidden: {
    owner: "the app",
    fix: "Use `me` instead of an extension id. Administrators' tools need the scope `account:manage`.",
  },
  account_forbidden: {
    owner: "an operator",
    fix: "The issuer has to put the RingCentral account id into the claim `rc_account_id`.",
  },
  feature_not_available: {
    owner: "an administrator of the account",
    fix: "Hide the feature for this extension. The features of an extension depend on its type and on the account's plan.",
  },
  upstream_permission_denied: {
    owner: "an administrator of the account",
    fix: "Give the RingCentral user behind this service the permission that `detail` names. `npm run doctor` lists the permissions it has.",
  },
  international_calling_disabled: {
    owner: "an administrator of the account",
    fix: "Enable international calling for the extension, or let the user choose a domestic number.",
  },
  call_handling_unavailable: {
    owner: "the app",
    fix: "Hide forwarding for this extension: fax-only plans have no call handling.",
  },
  not_found: {
    owner: "the app",
    fix: "Read the list again: another client may have deleted it. For a `DELETE`, treat this as success.",
  },
  forwarding_label_duplicate: { owner: "its user", fix: "Let the user choose another label." },
  forwarding_limit_reached: { owner: "its user", fix: "Let the user delete a forwarding number first." },
  forwarding_custom_label_limit_reached: {
    owner: "its user",
    fix: "Let the user delete a number with a custom label, or choose a type (`Home`, `Mobile`, `Work`) instead.",
  },
  number_belongs_to_account: {
    owner: "its user",
    fix: "Let the user enter a number outside the company. Calls within the company are set up in RingCentral's call handling.",
  },
  flip_number_in_use: {
    owner: "its user",
    fix: "Offer the digits that no other forwarding number uses.",
  },
  idempotency_in_progress: {
    owner: "nobody: it passes",
    fix: "Send the same request with the same key again after `Retry-After` seconds. The response is that of the first request.",
  },
  sync_not_quarantined: {
    owner: "an operator",
    fix: "Read `GET /v1/sync` again: there is nothing left to confirm.",
  },
  snapshot_missing: {
    owner: "nobody: it passes",
    fix: "Wait `retryAfter` seconds. `POST /v1/sync` starts a sync; `Cache-Control: no-cache` on the list reads live.",
  },
  cursor_expired: {
    owner: "the app",
    fix: "Request changes without a cursor, load the list that `meta.snapshot` links to, then follow the new cursor.",
  },
  precondition_failed: {
    owner: "the app",
    fix: "Read the resource again, show the difference if a person is editing it, and repeat the change with the new `ETag`.",
  },
  body_too_large: {
    owner: "the app",
    fix: "Send only the documented fields; together they are far below the limit.",
  },
  media_type_unsupported: {
    owner: "the app",
    fix: "Send JSON in UTF-8 with `Content-Type: application/json`.",
  },
  idempotency_key_reused: {
    owner: "the app",
    fix: "Create a new key, such as a UUID, for every new request. Reuse it only to repeat the same request.",
  },
  rate_limited: {
    owner: "nobody: it passes",
    fix: "Wait `retryAfter` seconds. Requests sent earlier are rejected too.",
  },
  internal: {
    owner: "an operator",
    fix: "A read, or a write with an `Idempotency-Key`, may be sent again once. If it happens again, report `instance`; the operator finds the log lines with it.",
  },
  upstream_error: {
    owner: "nobody: it passes",
    fix: "Reads, and writes with an `Idempotency-Key`, may be sent again after a few seconds, a few times at most.",
  },
  upstream_auth_failed: {
    owner: "an operator",
    fix: "Apps can do nothing. `npm run doctor` says what is wrong with the credential: expired, revoked, or for another app.",
  },
  upstream_app_permission_missing: {
    owner: "an operator",
    fix: "Grant the app the permission in RingCentral's developer console; the service needs `ReadAccounts` and `EditExtensions`.",
  },
  upstream_rate_limited: {
    owner: "nobody: it passes",
    fix: "Wait `retryAfter` seconds, do not retry earlier, and tell the user. `GET /v1/limits` shows which operations spent the budget.",
  },
  upstream_unavailable: {
    owner: "nobody: it passes",
    fix: "Wait `retryAfter` seconds. Recently read lists still work, from the cache; `meta` says so.",
  },
  token_issuer_unavailable: {
    owner: "an operator",
    fix: "Wait `retryAfter` seconds. If it happens again, check that the service can reach the issuer's keys.",
  },
  storage_unavailable: {
    owner: "nobody: it passes",
    fix: "Wait `retryAfter` seconds, then send the same request with the same key.",
  },
  queue_unavailable: {
    owner: "nobody: it passes",
    fix: "Wait `retryAfter` seconds, then request the sync again.",
  },
  configuration_invalid: {
    owner: "an operator",
    fix: "The log line of the request names the setting. Replaced credentials are read within a minute.",
  },
  outcome_unknown: {
    owner: "the app",
    fix: "Send the same request with the same `Idempotency-Key` after `retryAfter` seconds: it takes effect once, and within two minutes the response says whether. After a POST without a key read the list first; a `PUT` or `DELETE` may be repeated.",
  },
  upstream_timeout: {
    owner: "nobody: it passes",
    fix: "Send the request again, a few times at most.",
  },
};
