import { type Clock, systemClock } from "./clock.ts";

export type LogFields = Readonly<Record<string, unknown>>;
type LogLevel = "info" | "warn" | "error";

/** One JSON object per line on standard output: the format that Lambda and CloudWatch read. */
export interface Logger extends Record<LogLevel, (message: string, fields?: LogFields) => void> {
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

export function createLogger(
  fields: LogFields = {},
  options: { clock?: Clock; write?: (line: string) => void } = {},
): Logger {
  const { clock = systemClock, write = (line) => process.stdout.write(line) } = options;
  const log =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}) => {
      const line = { time: new Date(clock.now()).toISOString(), level, message, ...fields, ...more };
      write(`${JSON.stringify(line, describeSafely)}\n`);
    };
  return {
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    with: (more) => createLogger({ ...fields, ...more }, options),
  };
}

/** A `JSON.stringify` replacer: keeps an error's useful members, and lets no credential and no full phone number through. */
function describeSafely(key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return { name, message, stack, ...(cause instanceof Error && { cause }) };
  }
  if (SECRET_NAMES.test(key) && value !== undefined) return REDACTED;
  return typeof value === "string" ? redactText(value) : value;
}

const REDACTED = "[redacted]";
const SECRET_NAMES =
  /^(?:authorization|cookie|set-cookie|x-api-key|assertion|password|jwt|client_?secret|access_?token|refresh_?token|id_?token|token)$/i;
const JSON_WEB_TOKEN = /\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g;
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
/** `+` and digits with up to two separators between: E.164 and its usual spellings, such as `+1 (202) 555-0123`. */
const PHONE_NUMBER = /\+\d(?:[ ().-]{0,2}\d){6,14}\b/g;

/** Removes credentials, and all but the last two digits of phone numbers, from free text. */
function redactText(text: string): string {
  return text
    .replace(JSON_WEB_TOKEN, REDACTED)
    .replace(CREDENTIALS, `$1 ${REDACTED}`)
    .replace(PHONE_NUMBER, (match) => `+*${match.replace(/\D/g, "").slice(-2)}`);
}
