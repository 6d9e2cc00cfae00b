import type { ProblemCode } from "../../contract/problems.ts";

/** What to do about each problem, for the error catalogue, by who can do it. Backticks mark code. */
const fixesByOwner = {
  "the app": {
    request_invalid:
      "Show `errors[].detail` beside the fields if a person typed them; otherwise it is a bug in the app. Unknown members and parameters are rejected, so look for a misspelt name.",
    cursor_invalid:
      "Start the list again without `cursor`. Send cursors unchanged, and only with the filters they were issued for.",
    token_missing: "Sign in, then send the access token with every request.",
    token_invalid:
      "Sign in again. If it happens again, the log and `npm run doctor -- --token` name the wrong claim.",
    token_expired: "Refresh the access token at its issuer, then send the request again.",
    sign_in_required: "Show the sign-in again. Nothing of the app's data is lost.",
    scope_missing:
      "Ask the issuer for the scope when signing in. The API reference names the scope of each operation.",
    extension_forbidden:
      "Use `me` instead of an extension id. Administrators' tools need the scope `account:manage`.",
    call_handling_moved:
      "Hide the action for this extension. The user can change its call handling in RingCentral's own app.",
    upstream_rejected:
      "Do not repeat the request. `upstream.errorCode` is RingCentral's code, if it gave one: report it with `instance`.",
    write_incomplete:
      "Send the same request again, with the same `Idempotency-Key` if it had one: it completes what is missing.",
    call_handling_unavailable: "Hide forwarding for this extension: fax-only plans have no call handling.",
    not_found:
      "Read the list again: another client may have deleted it. For a `DELETE`, treat this as success.",
    cursor_expired:
      "Request changes without a cursor, load the list that `meta.snapshot` links to, then follow the new cursor.",
    precondition_failed:
      "Read the resource again, show the difference if a person is editing it, and repeat the change with the new `ETag`.",
    body_too_large: "Send only the documented fields; together they are far below the limit.",
    media_type_unsupported: "Send JSON in UTF-8 with `Content-Type: application/json`.",
    idempotency_key_reused:
      "Create a new key, such as a UUID, for every new request. Reuse it only to repeat the same request.",
    outcome_unknown:
      "Send the same request with the same `Idempotency-Key` after `retryAfter` seconds: it takes effect once, and within two minutes the response says whether. After a POST without a key read the list first; a `PUT` or `DELETE` may be repeated.",
  },
  "its user": {
    parameter_invalid:
      "Show `errors[].detail` and let the user correct the value. `upstream.errorCode` is RingCentral's code for the broken rule.",
    forwarding_label_duplicate: "Let the user choose another label.",
    forwarding_limit_reached: "Let the user delete a forwarding number first.",
    forwarding_custom_label_limit_reached:
      "Let the user delete a number with a custom label, or choose a type (`Home`, `Mobile`, `Work`) instead.",
    number_belongs_to_account:
      "Let the user enter a number outside the company. Calls within the company are set up in RingCentral's call handling.",
    number_already_listed:
      "Show the entry in `entry`. To change its label, status or type, send a `PUT` to it with its `etag` as `If-Match`.",
    flip_number_in_use: "Offer the digits that no other forwarding number uses.",
  },
  "an administrator of the account": {
    feature_not_available:
      "Hide the feature for this extension. The features of an extension depend on its type and on the account's plan.",
    upstream_permission_denied:
      "Give the RingCentral user behind the call (`GET /v1/me` says whose budget pays) the permission that `detail` names. `npm run doctor` lists the permissions it has.",
    international_calling_disabled:
      "Enable international calling for the extension, or let the user choose a domestic number.",
  },
  "an operator": {
    webhook_token_invalid:
      "Not for apps. If RingCentral itself is rejected, its subscription is outdated; it is renewed within the hour.",
    account_forbidden:
      "The token must name an account of `SERVED_ACCOUNTS`, in the claim `AUTH_ACCOUNT_CLAIM`.",
    sync_not_quarantined: "Read `GET /v1/sync` again: there is nothing left to confirm.",
    internal:
      "A read, or a write with an `Idempotency-Key`, may be sent again once. If it happens again, report `instance`; the operator finds the log lines with it.",
    upstream_auth_failed:
      "Apps can do nothing. `npm run doctor` says what is wrong with the credential: expired, revoked, or for another app.",
    upstream_app_permission_missing:
      "Grant the app the permission in RingCentral's developer console; the service needs `ReadAccounts` and `EditExtensions`.",
    token_issuer_unavailable:
      "Wait `retryAfter` seconds. If it happens again, check that the service can reach the issuer's keys.",
    configuration_invalid:
      "The log line of the request names the setting. Replaced credentials are read within a minute.",
  },
  "no action: it passes": {
    idempotency_in_progress:
      "Send the same request with the same key again after `Retry-After` seconds. The response is that of the first request.",
    snapshot_missing:
      "Wait `retryAfter` seconds. `POST /v1/sync` starts a sync; `Cache-Control: no-cache` on the list reads live.",
    rate_limited: "Wait `retryAfter` seconds. Requests sent earlier are rejected too.",
    upstream_error:
      "Reads, and writes with an `Idempotency-Key`, may be sent again after a few seconds, a few times at most.",
    upstream_rate_limited:
      "Wait `retryAfter` seconds, do not retry earlier, and tell the user. `GET /v1/limits` shows which operations spent the budget.",
    upstream_unavailable:
      "Wait `retryAfter` seconds. Recently read lists still work, from the cache; `meta` says so.",
    upstream_locked: "Wait `retryAfter` seconds, then send the same request.",
    upstream_limited_mode:
      "Wait `retryAfter` seconds before the next change, and tell the user. `meta.asOf` says how old a list is.",
    storage_unavailable:
      "Wait `retryAfter` seconds, then send the same request, with the same key if it has one.",
    directory_unavailable:
      "Wait `retryAfter` seconds, then send the same request. An operator finds the cause in the log of `runSync`.",
    credentials_unavailable:
      "Wait `retryAfter` seconds. A process that has read the credentials keeps working.",
    queue_unavailable: "Wait `retryAfter` seconds, then request the sync again.",
    upstream_timeout: "Send the request again, a few times at most.",
  },
} satisfies Record<string, Partial<Record<ProblemCode, string>>>;

type KeyOf<Group> = Group extends unknown ? keyof Group : never;
type FixedCode = KeyOf<(typeof fixesByOwner)[keyof typeof fixesByOwner]>;

/** Who can fix a problem, and how. A code without an entry does not compile. */
export function fixOf(code: FixedCode): { owner: string; fix: string } {
  const groups = Object.entries<Partial<Record<ProblemCode, string>>>(fixesByOwner);
  for (const [owner, { [code]: fix }] of groups) if (fix !== undefined) return { owner, fix };
  throw new Error(`no fix for ${code}`);
}
