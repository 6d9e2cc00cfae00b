import type { ProblemCode } from "../../contract/problems.ts";

/** Who can do something about a problem. */
export type Mender = "the app" | "its user" | "an administrator of the account" | "an operator" | "time";

export interface Remedy {
  /** Who mends it. */
  who: Mender;
  /** What to do; backticks mark code. */
  todo: string;
}

/** What to do about each problem, for the error catalogue. A code without an entry does not compile. */
export const remedies: Record<ProblemCode, Remedy> = {
  request_invalid: {
    who: "the app",
    todo: "Show `errors[].detail` beside the fields when a person typed them; otherwise it is a bug of the app's. Unknown members and parameters are refused, so look for a misspelt name.",
  },
  parameter_invalid: {
    who: "its user",
    todo: "Show `errors[].detail` and let the value be corrected. `upstream.errorCode` says which rule of RingCentral's it was.",
  },
  cursor_invalid: {
    who: "the app",
    todo: "Start the list again without `cursor`. Take cursors as they are, and never use one with other filters.",
  },
  token_missing: { who: "the app", todo: "Sign in, then send the access token with every request." },
  token_invalid: {
    who: "the app",
    todo: "Sign in again. If it stays, compare the token's `iss` and `aud` with what the operator of this service has set.",
  },
  token_expired: {
    who: "the app",
    todo: "Refresh the access token at its issuer, then send the request again.",
  },
  webhook_token_invalid: {
    who: "an operator",
    todo: "Not for apps. If RingCentral itself is refused, its subscription is an old one: it is renewed within the hour.",
  },
  scope_missing: {
    who: "the app",
    todo: "Ask the issuer for the scope when signing in. The API reference names the scope of each operation.",
  },
  extension_forbidden: {
    who: "the app",
    todo: "Use `me` in place of an extension id. Tools for administrators need the scope `account:manage`.",
  },
  account_forbidden: {
    who: "an operator",
    todo: "The issuer has to put the RingCentral account id into the claim `rc_account_id`.",
  },
  feature_not_available: {
    who: "an administrator of the account",
    todo: "Hide the feature for this extension. Which features an extension has is a matter of its type and of the account's plan.",
  },
  upstream_permission_denied: {
    who: "an administrator of the account",
    todo: "Give the RingCentral user behind this service the permission that `detail` names; `npm run doctor` shows which are there.",
  },
  international_calling_disabled: {
    who: "an administrator of the account",
    todo: "Let the user choose a domestic number, or have international calling enabled for the extension.",
  },
  call_handling_unavailable: {
    who: "the app",
    todo: "Hide forwarding for this extension: a fax-only plan has none.",
  },
  not_found: {
    who: "the app",
    todo: "Read the list again: somebody else may have deleted it. For a write that deletes, this is as good as done.",
  },
  forwarding_label_duplicate: { who: "its user", todo: "Let the user choose another label." },
  forwarding_limit_reached: { who: "its user", todo: "Let the user delete a forwarding number first." },
  forwarding_custom_label_limit_reached: {
    who: "its user",
    todo: "Let the user delete one with a label of its own, or choose a type (`Home`, `Mobile`, `Work`) in place of a label.",
  },
  number_belongs_to_account: {
    who: "its user",
    todo: "Let the user enter a number outside the company; calls within it are set up in RingCentral's call handling.",
  },
  flip_number_in_use: {
    who: "its user",
    todo: "Offer the digits that the other forwarding numbers leave free.",
  },
  idempotency_in_progress: {
    who: "time",
    todo: "Send the same request with the same key again after `Retry-After` seconds; its answer will be the first one's.",
  },
  sync_not_quarantined: {
    who: "an operator",
    todo: "Read `GET /v1/sync` again: there is nothing left to confirm.",
  },
  snapshot_missing: {
    who: "time",
    todo: "Wait `retryAfter` seconds. `POST /v1/sync` starts a sync; `Cache-Control: no-cache` on the list reads live.",
  },
  cursor_expired: {
    who: "the app",
    todo: "Ask for changes without a cursor, load the list that `meta.snapshot` links to, then follow the new cursor.",
  },
  precondition_failed: {
    who: "the app",
    todo: "Read the resource again, show what has changed if a person is editing it, and repeat the change with the new `ETag`.",
  },
  body_too_large: {
    who: "the app",
    todo: "Send the fields of the contract alone; none of them is anywhere near the limit.",
  },
  media_type_unsupported: {
    who: "the app",
    todo: "Send JSON in UTF-8 with `Content-Type: application/json`.",
  },
  idempotency_key_reused: {
    who: "the app",
    todo: "Make a fresh key, a UUID for one, for every new request, and keep it only to repeat that very request.",
  },
  rate_limited: {
    who: "time",
    todo: "Wait `retryAfter` seconds. Requests sent before then are refused as well.",
  },
  internal: {
    who: "an operator",
    todo: "A read, or a write with an `Idempotency-Key`, may be sent again once. If it stays, report `instance`: it finds the log lines.",
  },
  upstream_error: {
    who: "time",
    todo: "Reads, and writes with an `Idempotency-Key`, may be sent again after a few seconds, a few times at most.",
  },
  upstream_auth_failed: {
    who: "an operator",
    todo: "Nothing an app can do. `npm run doctor` tells what is wrong with the credential: expired, revoked, or of another app.",
  },
  upstream_app_permission_missing: {
    who: "an operator",
    todo: "Grant the app the permission in RingCentral's developer console; the service needs `ReadAccounts` and `EditExtensions`.",
  },
  upstream_rate_limited: {
    who: "time",
    todo: "Wait `retryAfter` seconds; do not try sooner, and let the user know. `GET /v1/limits` shows who spent the budget.",
  },
  upstream_unavailable: {
    who: "time",
    todo: "Wait `retryAfter` seconds. Lists that were read recently are still answered, and say so in `meta`.",
  },
  token_issuer_unavailable: {
    who: "an operator",
    todo: "Wait `retryAfter` seconds. If it stays, the issuer's keys cannot be reached from the service.",
  },
  storage_unavailable: {
    who: "time",
    todo: "Wait `retryAfter` seconds, then send the same request with the same key.",
  },
  queue_unavailable: { who: "time", todo: "Wait `retryAfter` seconds, then ask for the sync again." },
  configuration_invalid: {
    who: "an operator",
    todo: "The log line of the request names the setting. Credentials that were just replaced are read within a minute.",
  },
  upstream_timeout: {
    who: "the app",
    todo: "A read may be sent again. After a write, read the list first, or send the write again with the same `Idempotency-Key`.",
  },
};
