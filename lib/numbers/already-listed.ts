import { ProblemError } from "../contract/problems.ts";
import { contentTag } from "../platform/content-tag.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import { toCallerBlockingNumber } from "./caller-blocking.ts";
import { isSameLabel } from "./shared/phone-number-input.ts";

export type EntryBody = Omit<WireCallerBlockingNumber, "id">;

export interface Added {
  entry: WireCallerBlockingNumber;
  /** The entry was there already, as asked. */
  isExisting?: true;
}

/**
 * Adds an entry, or finds the one that has its number. RingCentral's code for a number that is listed is not documented:
 * CMN-406 and CMN-101 are candidates [unsure]. So the lists are read after any rejection that may concern the number.
 *
 * @param find the entry of the number, whatever its list and label
 * @param show the entry as the caller reads it; the problem has its tag
 * @throws ProblemError `number_already_listed` with the entry, if its list or label is not as asked
 */
export async function addUnlessListed(
  asked: EntryBody,
  add: () => Promise<WireCallerBlockingNumber>,
  find: () => Promise<WireCallerBlockingNumber | undefined>,
  show: (entry: WireCallerBlockingNumber) => object,
): Promise<Added> {
  try {
    return { entry: await add() };
  } catch (error) {
    const entry = await entryInTheWay(error, find);
    if (isAsAsked(entry, asked)) return { entry, isExisting: true };
    throw alreadyListed(entry, show, error);
  }
}

/** The entry for which RingCentral rejected a number. @throws the rejection itself, unless there is one */
export async function entryInTheWay(
  rejection: unknown,
  find: () => Promise<WireCallerBlockingNumber | undefined>,
): Promise<WireCallerBlockingNumber> {
  if (!(rejection instanceof RingCentralError && mayConcernNumber(rejection))) throw rejection;
  const entry = await find().catch((failure: unknown) => {
    if (!(failure instanceof RingCentralError)) throw failure;
  });
  if (entry === undefined) throw rejection;
  return entry;
}

export function isAsAsked(entry: EntryBody, { status, label }: EntryBody): boolean {
  return entry.status === status && isSameLabel(entry.label, label);
}

function mayConcernNumber({ failure }: RingCentralError): boolean {
  const { kind, status = 0, errorCode, parameterName = "phoneNumber" } = failure;
  const isAboutInput = kind === "rejected" && [400, 409, 422].includes(status);
  return isAboutInput && (errorCode === "CMN-406" || parameterName === "phoneNumber");
}

export function alreadyListed(
  wire: WireCallerBlockingNumber,
  show: (entry: WireCallerBlockingNumber) => object,
  cause?: unknown,
): ProblemError {
  const entry = { ...toCallerBlockingNumber(wire), etag: contentTag(show(wire)) };
  const { status, errorCode, requestId } = cause instanceof RingCentralError ? cause.failure : {};
  return new ProblemError("number_already_listed", {
    detail: `The number is on the ${entry.status} list already, as \`entry\` shows.`,
    entry,
    upstream: omitUndefined({ status, errorCode, requestId }),
    cause,
  });
}
