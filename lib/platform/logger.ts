import { type Clock, systemClock } from "./clock.ts";
import { redactingReplacer } from "./redact.ts";

export type LogFields = Readonly<Record<string, unknown>>;
type LogLevel = "info" | "warn" | "error";

/** One JSON object per line on standard output: the format that Lambda and CloudWatch read. */
export interface Logger extends Record<LogLevel, (message: string, fields?: LogFields) => void> {
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  clock?: Clock;
  write?: (line: string) => void;
}

export function createLogger(fields: LogFields = {}, options: LoggerOptions = {}): Logger {
  const { clock = systemClock, write = (line) => process.stdout.write(line) } = options;
  const log =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}) => {
      const line = { time: new Date(clock.now()).toISOString(), level, message, ...fields, ...more };
      write(`${JSON.stringify(line, describeErrors)}\n`);
    };
  return {
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    with: (more) => createLogger({ ...fields, ...more }, options),
  };
}

/** Errors stringify to `{}`; this keeps their useful members, redacted like everything else. */
function describeErrors(key: string, value: unknown): unknown {
  if (value instanceof Error) {
    return {
      name: value.name,
      message: value.message,
      stack: value.stack,
      ...(value.cause instanceof Error && { cause: value.cause }),
    };
  }
  return redactingReplacer(key, value);
}
