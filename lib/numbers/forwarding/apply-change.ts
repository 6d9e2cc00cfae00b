import { ProblemError } from "../../contract/problems.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { type ApplyRequest, applyFlip, applyRing, incomplete } from "./apply-parts.ts";
import { restoration } from "./edit-flips.ts";
import { isInPlace, type Part } from "./edit-state.ts";
import type { ForwardingState } from "./items.ts";
import type { ForwardingDeps } from "./on-backend.ts";
import type { Change } from "./writer.ts";

/**
 * Makes a change in both places, the first one first. A part that is in place already costs nothing.
 * @param state as read just now
 * @returns the state afterwards
 * @throws ProblemError `write_incomplete` when one part is done and the other is not; with nothing done, the error of
 * the call
 */
export async function applyChange(
  deps: ForwardingDeps,
  request: ApplyRequest,
  change: Change,
  state: ForwardingState,
): Promise<ForwardingState> {
  const apply = { flips: applyFlip, rules: applyRing };
  const make = async (part: Part, before: ForwardingState) =>
    isInPlace(part, change, before, request.extensionId)
      ? before
      : apply[part](deps, request, change, before);
  const half = await make(change.first, state);
  try {
    return await make(change.first === "flips" ? "rules" : "flips", half);
  } catch (error) {
    if (half === state) throw error;
    if (isRejected(error) && (await isUndone(deps, request, change, state, half))) throw error;
    throw incomplete(error);
  }
}

/** Takes the first part back when RingCentral rejects the second: repeating the request would not complete it. */
async function isUndone(
  deps: ForwardingDeps,
  request: ApplyRequest,
  { first, flip }: Change,
  before: ForwardingState,
  half: ForwardingState,
): Promise<boolean> {
  // What may still take effect cannot be taken back.
  if (first !== "flips" || flip === undefined || request.writer.keepsOut) return false;
  try {
    await applyFlip(deps, request, { first, flip: restoration(before.flips, flip) }, half);
    return true;
  } catch (error) {
    if (error instanceof RingCentralError || error instanceof ProblemError) return false;
    throw error;
  }
}

function isRejected(error: unknown): boolean {
  if (error instanceof RingCentralError) return error.failure.kind === "rejected";
  return error instanceof ProblemError && error.code === "call_handling_moved";
}
