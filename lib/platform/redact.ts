const REDACTED = "[redacted]";
const SECRET_NAMES =
  /^(?:authorization|cookie|set-cookie|x-api-key|assertion|password|jwt|client_?secret|access_?token|refresh_?token|id_?token|token)$/i;
const JSON_WEB_TOKEN = /\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g;
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
/** `+` and digits with optional separators: E.164 and its usual spellings. */
const PHONE_NUMBER = /\+\d(?:[ ().-]?\d){6,14}\b/g;

/** Removes credentials, and all but the last two digits of phone numbers, from free text. */
function redactText(text: string): string {
  return text
    .replace(JSON_WEB_TOKEN, REDACTED)
    .replace(CREDENTIALS, `$1 ${REDACTED}`)
    .replace(PHONE_NUMBER, (match) => `+*${match.replace(/\D/g, "").slice(-2)}`);
}

/** A `JSON.stringify` replacer that lets no credential and no full phone number through. */
export function redactingReplacer(key: string, value: unknown): unknown {
  if (SECRET_NAMES.test(key) && value !== undefined) return REDACTED;
  return typeof value === "string" ? redactText(value) : value;
}
