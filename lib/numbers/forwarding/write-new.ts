import { ProblemError } from "../../contract/problems.ts";
import { OutcomeUnknown } from "../../contract/write-outcome.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { WriteRequest } from "../shared/request.ts";
import { applyChange } from "./apply-change.ts";
import { withoutEffect } from "./apply-parts.ts";
import type { Backend } from "./backend.ts";
import { isInPlace, type Part } from "./edit-state.ts";
import type { ForwardingState } from "./items.ts";
import { idsOf, NewNumbers, readState } from "./new-numbers.ts";
import type { ForwardingDeps } from "./on-backend.ts";
import { type Change, Writer } from "./writer.ts";

/** What a request makes of the numbers as they are; undefined when they are as wanted. It may throw a ProblemError. */
export type Plan = (
  numbers: NewNumbers,
  state: ForwardingState,
) => Change | undefined | Promise<Change | undefined>;

/**
 * Writes to the new call handling as the only writer of the extension: completes what the writer before left half
 * done, plans the change on what is there now, records it, and makes it.
 * @returns the numbers afterwards
 */
export async function writeNew(
  deps: ForwardingDeps,
  { extensionId, call }: WriteRequest,
  backend: Backend,
  plan: Plan,
): Promise<NewNumbers> {
  const request = { extensionId, call: { ...call, fresh: true } };
  const idOf = await idsOf(deps, request);
  const numbersOf = (state: ForwardingState) => new NewNumbers(deps, request, state, backend, idOf);
  const writer = await Writer.take(deps, request);
  try {
    const state = await finishLeftover(deps, request, writer, await withoutEffect(readState(deps, request)));
    const change = await plan(numbersOf(state), state);
    if (change === undefined) return numbersOf(state);
    writer.requireSettled();
    await writer.begin(change);
    const after = await makeChange(deps, request, writer, change, state).catch(async (error: unknown) => {
      // RingCentral's codes are not published. What another client has done since the plan may be the reason.
      const now = isRejection(error) ? await readState(deps, request).catch(() => undefined) : undefined;
      if (now !== undefined) await plan(numbersOf(now), now);
      throw error;
    });
    return numbersOf(after);
  } catch (error) {
    throw writer.withWait(error);
  } finally {
    await writer.release();
  }
}

const isRejection = (error: unknown) =>
  error instanceof RingCentralError && error.failure.kind === "rejected";

/** Completes the change that the writer before left, unless another client has taken all of it back. */
async function finishLeftover(
  deps: ForwardingDeps,
  request: Pick<WriteRequest, "extensionId" | "call">,
  writer: Writer,
  before: ForwardingState,
): Promise<ForwardingState> {
  const { leftover } = writer;
  if (leftover === undefined) {
    writer.dropChange();
    return before;
  }
  const second = leftover.first === "flips" ? "rules" : "flips";
  const isDone = (part: Part, state: ForwardingState) =>
    isInPlace(part, leftover, state, request.extensionId);
  // Both places were read at once: another client may have removed the number after one reading and before the other.
  const isHalfDone = isDone(leftover.first, before) && !isDone(second, before);
  const state = isHalfDone ? await withoutEffect(readState(deps, request)) : before;
  if (!isDone(leftover.first, state)) {
    writer.dropChange();
    return state;
  }
  request.call.log.info("a half-done change of call handling is completed", {
    extensionId: request.extensionId,
  });
  try {
    return await makeChange(deps, request, writer, leftover, state);
  } catch (error) {
    if (!leavesNothingToFinish(error)) throw error;
    return withoutEffect(readState(deps, request));
  }
}

/** Makes a change; if it fails with nothing done, the next writer has nothing to complete. */
async function makeChange(
  deps: ForwardingDeps,
  request: Pick<WriteRequest, "extensionId" | "call">,
  writer: Writer,
  change: Change,
  state: ForwardingState,
): Promise<ForwardingState> {
  try {
    const after = await applyChange(deps, { ...request, writer }, change, state);
    writer.dropChange();
    return after;
  } catch (error) {
    if (leavesNothingToFinish(error)) writer.dropChange();
    throw error;
  }
}

/** Nothing of the change is done, and repeating it would fail again. */
export function leavesNothingToFinish(error: unknown): boolean {
  if (error instanceof OutcomeUnknown) return false;
  if (error instanceof ProblemError) return error.code !== "write_incomplete";
  return error instanceof RingCentralError && !error.failure.mayHaveTakenEffect && !error.isTransient;
}
