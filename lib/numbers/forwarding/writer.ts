import { ProblemError } from "../../contract/problems.ts";
import type { Clock } from "../../platform/clock.ts";
import { canonicalJson } from "../../platform/content-tag.ts";
import { CLOCK_SLACK_MS, LATE_EFFECT_MS, UNSETTLED_MS } from "../../ringcentral/api/late-effect.ts";
import type { RawObject } from "../../ringcentral/api/wire-call-handling.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import type { NumbersRequest } from "../shared/request.ts";
import { recordKey, tableOf } from "./backend-record.ts";
import type { FlipChange } from "./edit-flips.ts";
import type { RingChange } from "./edit-rules.ts";

/** A change of one forwarding number in the two places that hold it. Each part may be applied repeatedly. */
export interface Change {
  /** The place that is changed first. While it is as wanted, the other one must follow. */
  first: "flips" | "rules";
  flip?: FlipChange;
  ring?: RingChange;
  /** The target as RingCentral deletes it from all rules by one call; `ring` says the same. */
  deletion?: RawObject;
}

/** SPEC.md has the states. */
export interface WriterRecord {
  /** Epoch milliseconds; 0: released. Until then one process alone writes. */
  leaseUntil: number;
  /** A change that may be half done. */
  change?: Change;
  /** Epoch milliseconds: afterwards it is not completed any more. */
  changeUntil?: number;
}

/** Interval between two reads of a lease that another process holds. */
const POLL_MS = 100;
/**
 * The part of the time left that a request waits for it at most. A writer takes about a second, unless it has
 * crashed.
 */
const WAITING_SHARE = 0.5;
/** How long a half-done change is completed by the next writer; later it may not be wanted any more. */
const COMPLETED_WITHIN_MS = 15 * 60 * 1000;

interface WriterDeps {
  records: RecordStore;
  clock: Clock;
}

/** Whether a process may take the lease now. */
export function isFree({ leaseUntil }: WriterRecord, now: number): boolean {
  return leaseUntil === 0 || leaseUntil + CLOCK_SLACK_MS <= now;
}

/**
 * The exclusive right of one process to write an extension's call handling. RingCentral has no preconditions there,
 * so two writers would undo each other's changes. The lease ends after the request's deadline, by which every call of
 * its holder has ended, and with a change when its last write can no more take effect; each write of the record fails once another process has taken it.
 */
export class Writer {
  /** What the writer before left half done. */
  readonly leftover: Change | undefined;
  readonly #deps: WriterDeps;
  readonly #request: NumbersRequest;
  #version: number;
  /** A record whose writing got no response. */
  #unanswered: WriterRecord | undefined;
  #keepsOutUntil = 0;
  #change: Pick<WriterRecord, "change" | "changeUntil">;

  private constructor(
    deps: WriterDeps,
    request: NumbersRequest,
    { leaseUntil: _, ...rest }: WriterRecord,
    version: number,
  ) {
    [this.#deps, this.#request, this.#version] = [deps, request, version];
    this.#change = rest;
    this.leftover = (rest.changeUntil ?? 0) > deps.clock.now() ? rest.change : undefined;
  }

  /** @throws ProblemError `upstream_locked` when another process holds the lease for long; `storage_unavailable` */
  static async take(deps: WriterDeps, request: NumbersRequest): Promise<Writer> {
    return beforeCalls(Writer.#wait(deps, request));
  }

  static async #wait(deps: WriterDeps, request: NumbersRequest): Promise<Writer> {
    const { clock } = deps;
    const { deadline } = request.call;
    const records = tableOf(deps, request);
    const key = writerKey(request);
    const giveUpAt = clock.now() + deadline.remainingMs() * WAITING_SHARE;
    // A holder that has recorded no change is a request like this one.
    const longestMs = deadline.remainingMs() + 2 * CLOCK_SLACK_MS;
    for (;;) {
      const stored = await records.read<WriterRecord>(key);
      const before = stored?.value ?? { leaseUntil: 0 };
      if (isFree(before, clock.now())) {
        const leaseUntil = before.change === undefined ? deadline.at : leaseForChange(request);
        const record = { ...before, leaseUntil };
        const version = await records.compareAndSet(key, stored?.version ?? null, record);
        if (version !== undefined) return new Writer(deps, request, record, version);
      }
      const remainingMs = before.leaseUntil + CLOCK_SLACK_MS - clock.now();
      const isShut = remainingMs > longestMs && remainingMs <= UNSETTLED_MS;
      if (isShut || clock.now() >= giveUpAt) throw busy(waitFor(remainingMs), isShut);
      await clock.sleep(POLL_MS);
    }
  }

  /**
   * Records a change before the first call for it is sent. @throws ProblemError `upstream_locked`, `storage_unavailable`
   */
  async begin(change: Change): Promise<void> {
    this.#change = { change, changeUntil: this.#deps.clock.now() + COMPLETED_WITHIN_MS };
    const record = { leaseUntil: leaseForChange(this.#request), ...this.#change };
    try {
      const table = tableOf(this.#deps, this.#request);
      const isHeld =
        (await beforeCalls(this.#write(table, record))) ||
        (await beforeCalls(this.#hasWritten(table, record)));
      if (!isHeld) throw busy(0);
    } catch (error) {
      this.#unanswered = record;
      this.dropChange();
      throw error;
    }
  }

  /** The change is complete, or nothing of it is done. */
  dropChange(): void {
    this.#change = {};
  }

  /**
   * A write may still take effect, and would undo what is written to the same object meanwhile. So no process writes the
   * extension until then.
   */
  keepOut(): void {
    this.#keepsOutUntil = this.#deps.clock.now() + LATE_EFFECT_MS;
  }

  get keepsOut(): boolean {
    return this.#keepsOutUntil > 0;
  }

  /** A repetition is kept out as others are. @returns the error with the time to wait */
  withWait(error: unknown): unknown {
    if (this.keepsOut && error instanceof ProblemError)
      error.details.retryAfterSeconds = secondsOf(UNSETTLED_MS);
    return error;
  }

  /** Nor does this process write another change. @throws ProblemError `upstream_locked` */
  requireSettled(): void {
    if (this.keepsOut) throw busy(UNSETTLED_MS, true);
  }

  /** Lets the next writer in. When that fails, the lease ends by itself. */
  async release(): Promise<void> {
    const { deadline, tableWait } = this.#request.call;
    const lasting = tableOf(this.#deps, this.#request, true);
    const table = retryingRecords(lasting, this.#deps.clock, deadline, tableWait);
    const record = { leaseUntil: this.#keepsOutUntil, ...this.#change };
    try {
      const isReleased = await this.#write(table, record);
      if (!isReleased && (await this.#hasWritten(table, this.#unanswered))) await this.#write(table, record);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }

  /** @returns whether this process still holds the lease */
  async #write(table: RecordStore, record: WriterRecord): Promise<boolean> {
    const version = await table.compareAndSet(writerKey(this.#request), this.#version, record);
    if (version !== undefined) this.#version = version;
    return version !== undefined;
  }

  /** Whether a write whose response is missing took effect, and no other process has taken the lease since. */
  async #hasWritten(table: RecordStore, record: WriterRecord | undefined): Promise<boolean> {
    const stored = await table.read<WriterRecord>(writerKey(this.#request));
    if (stored?.version !== this.#version + 1 || canonicalJson(stored.value) !== canonicalJson(record))
      return false;
    this.#version = stored.version;
    return true;
  }
}

/**
 * Makes a change of what is read first as the only writer; without the table, beside others.
 * @throws ProblemError `upstream_locked`
 */
export async function asOnlyWriter<Result>(
  deps: WriterDeps,
  request: NumbersRequest,
  work: () => Promise<Result>,
): Promise<Result> {
  const writer = await Writer.take(deps, request).catch((error: unknown) => {
    if (error instanceof ProblemError && error.code === "storage_unavailable") return undefined;
    throw error;
  });
  try {
    return await work();
  } finally {
    await writer?.release();
  }
}

/** A holder that lives releases it by its deadline. */
const waitFor = (remainingMs: number) =>
  remainingMs > UNSETTLED_MS ? remainingMs - LATE_EFFECT_MS : remainingMs;

/** The last write of a process that dies may take effect later than the process ends. */
const leaseForChange = ({ call }: NumbersRequest) => call.deadline.at + LATE_EFFECT_MS;

const writerKey = (request: NumbersRequest) => recordKey(request, "writer");

/** Without the table nothing is sent: a key against repetition is free again. */
async function beforeCalls<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new ProblemError("storage_unavailable", { cause: error });
  }
}

/** @param isShut whether no process holds the lease */
function busy(remainingMs: number, isShut = false): ProblemError {
  const state = isShut ? "may still take effect" : "is in progress";
  return new ProblemError("upstream_locked", {
    detail: `Another change of the extension's call handling ${state}. Nothing was changed.`,
    retryAfterSeconds: secondsOf(remainingMs),
  });
}

const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1000));
