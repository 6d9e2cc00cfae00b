import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { redactingReplacer } from "./redact.ts";

export type LogFields = Readonly<Record<string, unknown>>;
type LogLevel = "debug" | "info" | "warn" | "error";

/** One JSON object per line on standard output: the format that Lambda and CloudWatch read. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

const severity: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40 };

export interface LoggerOptions {
  level?: LogLevel;
  clock?: Clock;
  write?: (line: string) => void;
}

export function createLogger(fields: LogFields = {}, options: LoggerOptions = {}): Logger {
  const { level = "info", clock = systemClock, write = (line) => process.stdout.write(line) } = options;
  const log =
    (at: LogLevel) =>
    (message: string, more: LogFields = {}) => {
      if (severity[at] < severity[level]) return;
      const line = { time: new Date(clock.now()).toISOString(), level: at, message, ...fields, ...more };
      write(`${JSON.stringify(line, describeErrors)}\n`);
    };
  return {
    debug: log("debug"),
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
