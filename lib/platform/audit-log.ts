import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { putLogLine } from "./log-stream.ts";
import { createLogger, type Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** Who did what, to whose things, and what became of it. Never a phone number, a label or a token. */
export interface AuditEntry {
  /** The operation's id, or another act's name, such as `logIn`. */
  action: string;
  /** `rejected`: by a rule, ours or RingCentral's; `failed`: without effect; `unknown`: it may have taken effect. */
  outcome: "started" | "succeeded" | "rejected" | "failed" | "unknown";
  /** Why it was rejected, failed, or is unknown. */
  code?: string;
  /** The pseudonym of the person or client. */
  actor?: string;
  /** The pseudonym's key. */
  keyId?: string;
  /** The extension that is the actor's own. */
  actorExtensionId?: string;
  /** On whose behalf. */
  accountId?: string;
  extensionId?: string;
  /** The resource's pseudonym. */
  resource?: string;
  /** Of a batch. */
  items?: readonly { outcome: string; resource?: string; code?: string }[];
  /** A repetition that got the response of an earlier request. */
  isReplay?: true;
  sourceIp?: string;
  requestId: string;
  gatewayRequestId?: string;
  lambdaRequestId?: string;
  /** Of the writes that were sent to RingCentral. */
  rcRequestIds?: readonly string[];
  /** What an operator changed. */
  changes?: Readonly<Record<string, readonly string[]>>;
}

interface AuditDeps {
  /** The log group. Absent: entries are in the function's log only. */
  group: string | undefined;
  clock: Clock;
  log: Pick<Logger, "error">;
  metrics: Metrics;
  put?: typeof putLogLine;
  print?: (line: string) => void;
}

export type AuditLog = ReturnType<typeof createAuditLog>;

/** The stream in the log group: the stack makes it, so that no process has to. */
export const AUDIT_STREAM = "writes";
/** A response waits for its entry for two attempts at most. */
const ATTEMPT_MS = 500;

/**
 * The audit. Each entry is a line of the function's log, which Lambda keeps even when the process is killed, and then of
 * the audit's own log group. docs/decisions/0014-audit-in-two-logs.md has the reasons.
 */
export function createAuditLog(deps: AuditDeps) {
  const { group, clock, metrics, put = putLogLine, print = (line) => process.stdout.write(line) } = deps;

  function printed(entry: AuditEntry): string {
    let line = "";
    const write = (text: string) => {
      line = text;
    };
    createLogger({}, { clock, write }).info("audit", { ...entry });
    print(line);
    return line.trimEnd();
  }

  async function putInTime(line: string, deadline: Deadline): Promise<void> {
    if (group === undefined) return;
    const at = clock.now();
    const attempt = () => {
      const timeoutMs = Math.min(ATTEMPT_MS, Math.max(1, deadline.remainingMs()));
      return put({ group, stream: AUDIT_STREAM, at, line }, AbortSignal.timeout(timeoutMs));
    };
    // The first attempt may meet a connection that was closed while the process was frozen.
    await attempt().catch(attempt);
  }

  return {
    /** Notes that a write begins: all that is left of it when the process is killed. It waits for nothing. */
    begin(entry: Omit<AuditEntry, "outcome">): void {
      printed({ ...entry, outcome: "started" });
    },

    /** Never rejects: the act has happened. A line that is not in the group is counted, for the alarm. */
    async write(entry: AuditEntry, deadline: Deadline): Promise<void> {
      const line = printed(entry);
      try {
        await putInTime(line, deadline);
        metrics.count("AuditFailures", 0);
      } catch (error) {
        metrics.count("AuditFailures", 1);
        const { requestId, action } = entry;
        deps.log.error("an audit entry is in this log only", { requestId, action, error });
      }
    },
  };
}
