import { OutcomeUnknown } from "../contract/write-outcome.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import { deniesEndpoint, RingCentralError } from "../ringcentral/api/errors.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import type { RecordKey, RecordStore } from "../storage/record-store.ts";
import { createTableWait, PERMIT_WAIT_MS } from "../storage/table-wait.ts";

/** `legacy` = `blocked-number`; `current` = `caller-blocking/phone-numbers`, its successor. */
type BlockedNumberEndpoint = "legacy" | "current";

/**
 * The endpoint for an account's blocked numbers. RingCentral removed `blocked-number` from its API description after
 * 1.0.48; whether it still routes it is not known [spec: OAS, OAS48]. The fleet remembers the first response that denies
 * it, once the successor has served the request: the finding costs one extra call a day rather than one a request.
 */
export interface BlockedNumberEndpoints {
  /** Tries `legacy` unless it is known to be gone. Where that is not routed it runs `current`. */
  choose<Result>(caller: Caller, run: (endpoint: BlockedNumberEndpoint) => Promise<Result>): Promise<Result>;
}

/** `legacy` is tried again after this long: RingCentral may route it again. */
const FINDING_LIFETIME_MS = 24 * 60 * 60 * 1000;

type Caller = Pick<CallContext, "accountId" | "log" | "tableWait">;

type Finding = { goneUntil: number };

export function createBlockedNumberEndpoints(records: RecordStore, clock: Clock): BlockedNumberEndpoints {
  const known = new Map<string, Finding>();

  // The finding only saves a call: the request succeeds without storage.
  async function recall({ accountId, log, tableWait = createTableWait(clock) }: Caller): Promise<Finding> {
    const read = () => records.read<Finding>(findingKey(accountId));
    const stored = await tableWait.limit(read, { keepMs: PERMIT_WAIT_MS }).catch((error: unknown) => {
      log.warn("blocked-number finding could not be read", { error });
    });
    return stored?.value ?? { goneUntil: 0 };
  }

  async function remember(accountId: string, log: Logger): Promise<void> {
    const finding = { goneUntil: clock.now() + FINDING_LIFETIME_MS };
    known.set(accountId, finding);
    log.info("RingCentral does not route blocked-number; using caller-blocking", { accountId });
    try {
      const key = findingKey(accountId);
      const stored = await records.read<Finding>(key);
      // After a lost race, another instance has just written the same finding.
      await records.compareAndSet(key, stored?.version ?? null, finding, { expiresAt: finding.goneUntil });
    } catch (error) {
      log.warn("blocked-number finding could not be stored", { error });
    }
  }

  return {
    async choose(caller, run) {
      const { accountId, log } = caller;
      const finding = known.get(accountId) ?? (await recall(caller));
      known.set(accountId, finding);
      if (finding.goneUntil > clock.now()) return run("current");
      try {
        return await run("legacy");
      } catch (error) {
        if (!isUnrouted(error)) throw error;
        const result = await run("current");
        await remember(accountId, log);
        return result;
      }
    },
  };
}

function isUnrouted(error: unknown): boolean {
  if (error instanceof OutcomeUnknown && !error.sent) return isUnrouted(error.cause);
  return error instanceof RingCentralError && deniesEndpoint(error.failure);
}

function findingKey(accountId: string): RecordKey {
  return { partition: `account#${accountId}`, sort: "finding#blocked-number" };
}
