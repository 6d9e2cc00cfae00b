import { createLogger, type Logger } from "../../lib/platform/logger.ts";

/** A real logger whose lines are kept. */
export function captureLog(): { log: Logger; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  return {
    log: createLogger({}, { write: (line) => written.push(line) }),
    lines: () => written.map((line) => JSON.parse(line)),
    text: () => written.join(""),
  };
}
