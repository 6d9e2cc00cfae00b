import type { CallHandling } from "../../contract/paging.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { readFeatures, readFlips } from "../../ringcentral/api/call-handling.ts";
import { RingCentralError, type RingCentralFailure } from "../../ringcentral/api/errors.ts";
import type { RingCentral } from "../../ringcentral/api/operation.ts";
import { hasMoved, MOVE_FEATURE } from "../../ringcentral/api/wire-call-handling.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { NumbersRequest } from "../shared/request.ts";
import {
  type BackendRecord,
  changeBackend,
  found,
  LOOK_INTERVAL_MS,
  readBackend,
  tableOf,
} from "./backend-record.ts";
import { noteBackend } from "./backend-survey.ts";
import { type Aliases, withAliases } from "./ids.ts";

export interface BackendDeps {
  ringcentral: RingCentral;
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

/** The longest wait for RingCentral's answer before a read. Without one, what was found last still holds. */
const MAX_QUESTION_MS = 3_000;
/** The least time between two questions because of rejections: most have another reason. */
const RECHECK_INTERVAL_MS = 60_000;

interface Question {
  /** Whether it may take all of the time that is left, and must not join a question that began before the write. */
  isAfterWrite?: boolean;
  /** Whether a rejection is the reason for it. */
  isRecheck?: boolean;
  /** Whether the new backend serves the extension, if that is known. */
  isServed?: boolean | undefined;
  /** Ids to remember with the answer. */
  aliases?: Aliases;
}

type Reply = "answered" | "unanswered" | "not asked";

/** The call-handling backend of one extension, for one request. */
export class Backend {
  readonly #deps: BackendDeps;
  readonly #request: NumbersRequest;
  #record: BackendRecord;
  #isStored: boolean;
  #hasAsked = false;

  private constructor(
    deps: BackendDeps,
    request: NumbersRequest,
    { record, isStored }: { record: BackendRecord; isStored: boolean },
  ) {
    [this.#deps, this.#request, this.#record, this.#isStored] = [deps, request, record, isStored];
  }

  /** The backend as last found, or as RingCentral says now when that is too long ago. */
  static async of(deps: BackendDeps, request: NumbersRequest): Promise<Backend> {
    const backend = new Backend(deps, request, await readBackend(deps, request));
    const { callHandling, until, lookAt = until, isServedByBoth } = backend.#record;
    const now = deps.clock.now();
    if (until <= now) await backend.#ask();
    else if (callHandling === "legacy" && lookAt <= now && !isServedByBoth) await backend.#look(now);
    return backend;
  }

  get callHandling(): CallHandling {
    return this.#record.callHandling;
  }

  get aliases(): Aliases {
    return this.#record.aliases;
  }

  /** Whether all ids that were given out are known: not while the table is away. */
  get knowsAliases(): boolean {
    return this.#isStored;
  }

  /**
   * Looks again for the backend after an error, asking RingCentral where the error may come from the wrong backend.
   * @returns whether `callHandling` names another one now
   */
  async recheckAfter(error: unknown): Promise<boolean> {
    const before = this.callHandling;
    const failure = failureOf(error);
    if (failure?.errorCode === "CMN-468") {
      // Stronger than what the features say, which may lag behind.
      if (before === "legacy") {
        await this.#learn(found("new", this.#deps.clock.now(), true));
        await this.#note("new");
      }
    } else if (failure !== undefined && isDenial(failure) && !this.#hasAsked) {
      const sinceMs = this.#deps.clock.now() - (this.#record.recheckedAt ?? 0);
      if (sinceMs > RECHECK_INTERVAL_MS) await this.#ask({ isRecheck: true });
    }
    return this.callHandling !== before;
  }

  /**
   * The backend after a write to the legacy one. When it is the new one, the write had no effect, whatever its response.
   * A Light call tells, unless the new backend serves the extension: then the features do.
   * @param aliases ids that the write gives out
   * @returns undefined when RingCentral does not say
   */
  async afterWrite(aliases: Aliases = []): Promise<CallHandling | undefined> {
    const isServed = await this.#isServedByNew();
    if (isServed === false) {
      await this.remember(aliases, true);
      return "legacy";
    }
    const reply = await this.#ask({ isAfterWrite: true, isServed, aliases });
    // Without a permit for the question, what was found last still holds: nothing tells of a move.
    return reply === "unanswered" ? undefined : this.callHandling;
  }

  /** Looks by a Light call whether a legacy extension has moved. Only when it seems so, the features are asked. */
  async #look(now: number): Promise<void> {
    const isServed = await this.#isServedByNew(this.#shortDeadline());
    if (isServed) return void (await this.#ask({ isServed }));
    const lookAt = now + (isServed === false ? LOOK_INTERVAL_MS : RECHECK_INTERVAL_MS);
    await this.#change({ found: { ...this.#record, lookAt }, aliases: [] }, false);
  }

  /**
   * Whether the new backend serves the extension. Its codes for a legacy one are not published [unsure].
   * @returns undefined when it does not tell
   */
  async #isServedByNew(deadline = this.#request.call.deadline): Promise<boolean | undefined> {
    const { extensionId, call } = this.#request;
    // The rejection is the usual case, and no fault.
    const context = { ...call, deadline, fresh: true, log: { ...call.log, warn: call.log.info } };
    try {
      await this.#deps.ringcentral.call(readFlips, { path: { extensionId } }, context);
      return true;
    } catch (error) {
      if (!(error instanceof RingCentralError)) throw error;
      return isDenial(error.failure) && !isOfPermission(error.failure) ? false : undefined;
    }
  }

  /** A read does not wait for long. */
  #shortDeadline(): Deadline {
    const { deadline } = this.#request.call;
    return deadlineIn(Math.min(deadline.remainingMs() / 2, MAX_QUESTION_MS), this.#deps.clock, 0);
  }

  /**
   * Remembers ids that are given out, so that they serve after a move.
   * @param isLasting no later reading of a list may make up for it
   * @returns whether the table has them
   */
  async remember(aliases: Aliases, isLasting = false): Promise<boolean> {
    return withAliases(this.aliases, aliases) === this.aliases || this.#change({ aliases }, isLasting);
  }

  /**
   * Asks RingCentral for the features. When it does not tell them, as for a missing permission, the new backend is asked
   * whether it serves the extension. Without an answer, what was found last still holds, and stays due for others.
   */
  async #ask({ isAfterWrite, isRecheck, isServed, aliases = [] }: Question = {}): Promise<Reply> {
    const { extensionId, call } = this.#request;
    const { ringcentral, clock } = this.#deps;
    const askedAt = clock.now();
    this.#hasAsked = true;
    let isMoved: boolean | undefined;
    let exists = true;
    try {
      const input = { path: { extensionId }, query: { featureId: MOVE_FEATURE } };
      const deadline = isAfterWrite ? call.deadline : this.#shortDeadline();
      const context = { ...call, fresh: isAfterWrite === true, deadline };
      isMoved = hasMoved(await ringcentral.call(readFeatures, input, context));
    } catch (error) {
      if (!(error instanceof RingCentralError)) throw error;
      call.log.warn("the call-handling backend is not known for certain", { error });
      if (error.failure.kind !== "rejected") {
        await this.remember(aliases, true);
        return isUnasked(error.failure) ? "not asked" : "unanswered";
      }
      exists = error.failure.status !== 404;
    }
    isMoved ??= isServed ?? (await this.#isServedByNew());
    const callHandling = isMoved === undefined ? this.callHandling : isMoved ? "new" : "legacy";
    const learned = isMoved === undefined ? this.#record : found(callHandling, askedAt, isServed);
    if (isMoved === undefined && !isRecheck) await this.remember(aliases, true);
    else await this.#learn({ ...learned, ...(isRecheck && { recheckedAt: askedAt }) }, aliases);
    if (exists) await this.#note(isMoved === undefined ? "unknown" : callHandling);
    return isMoved === undefined ? "unanswered" : "answered";
  }

  async #learn(learned: Omit<BackendRecord, "aliases">, aliases: Aliases = []): Promise<void> {
    if (learned.callHandling !== this.callHandling) {
      const { extensionId, call } = this.#request;
      call.log.info("call handling has moved", { extensionId, callHandling: learned.callHandling });
    }
    await this.#change({ found: learned, aliases }, aliases.length > 0);
  }

  /** For `/v1/limits`. */
  async #note(known: CallHandling | "unknown"): Promise<void> {
    const { extensionId, call } = this.#request;
    const deps = { ...this.#deps, records: tableOf(this.#deps, this.#request) };
    await noteBackend(deps, { accountId: call.accountId, extensionId, known });
  }

  async #change(
    change: { found?: Omit<BackendRecord, "aliases">; aliases: Aliases },
    isLasting: boolean,
  ): Promise<boolean> {
    const before = this.callHandling;
    const { record, isStored } = await changeBackend(
      this.#deps,
      this.#request,
      this.#record,
      { before, ...change },
      isLasting,
    );
    this.#record = record;
    this.#isStored = isStored;
    return isStored;
  }
}

/** A read that looked for the effect of a write passes its own failure on as the cause. */
function failureOf(error: unknown): RingCentralFailure | undefined {
  if (error instanceof RingCentralError) return error.failure;
  return error instanceof Error && error.cause instanceof RingCentralError ? error.cause.failure : undefined;
}

/** A rejection that the wrong backend may be the reason of; not one of an entry that is not there. */
function isDenial({ kind, status, errorCode, parameterName }: RingCentralFailure): boolean {
  const isAboutEntry = errorCode === "CMN-102" && parameterName !== "extensionId";
  return kind === "rejected" && (status === 403 || status === 404) && !isAboutEntry;
}

/** The user may not ask, on whichever backend. */
function isOfPermission({ errorCode = "" }: RingCentralFailure): boolean {
  return ["CMN-401", "CMN-402", "CMN-404", "CMN-408"].includes(errorCode);
}

/** Nothing was sent, for lack of a permit. */
function isUnasked({ kind, status }: RingCentralFailure): boolean {
  return status === undefined && (kind === "rate_limited" || kind === "storage");
}
