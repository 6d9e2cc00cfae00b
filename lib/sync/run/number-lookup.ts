import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { toPhoneNumber } from "../../numbers/company-numbers.ts";
import { deniesEndpoint, RingCentralError, type RingCentralFailure } from "../../ringcentral/api/errors.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import { getCompanyNumber, getCompanyNumbers } from "../../ringcentral/api/operations.ts";
import { type WireBulkItem, wireCompanyNumber } from "../../ringcentral/api/wire.ts";
import { readErrorBody } from "../../ringcentral/http/error-body.ts";

/** [docs: BULK] */
export const LOOKUP_BATCH = 30;

/** Result of looking up one number by its id. */
export type Lookup =
  /** Proof: there is no such number. */
  | { id: string; is: "gone" }
  | { id: string; is: "there"; phoneNumber: PhoneNumber }
  /** Neither proved gone nor readable: the number stays as it is. */
  | { id: string; is: "unproved" }
  /** No proof: this user may not read the number. */
  | { id: string; is: "forbidden" };

/** "Resource is not found", about the number and not about the account. [old reference] */
const NOT_FOUND = "CMN-102";
const NUMBER_PARAMETER = "phoneNumberId";

/**
 * Looks up to `LOOKUP_BATCH` numbers up with one Light call; those it leaves open are looked up one by one.
 * @param contextOf makes a new context for each call; it may throw
 * @returns a result for each id, or for the first ones when a later call failed
 * @throws RingCentralError for every failure that says nothing about the first number
 */
export async function lookUpNumbers(
  ringcentral: RingCentral,
  ids: readonly string[],
  contextOf: () => CallContext,
): Promise<Lookup[]> {
  const known = ids.length > 1 ? await lookUpTogether(ringcentral, ids, contextOf()) : new Map();
  const lookups: Lookup[] = [];
  try {
    for (const id of ids) lookups.push(known.get(id) ?? (await lookUpOne(ringcentral, id, contextOf())));
  } catch (error) {
    if (lookups.length === 0) throw error;
  }
  return lookups;
}

async function lookUpTogether(
  ringcentral: RingCentral,
  ids: readonly string[],
  context: CallContext,
): Promise<Map<string, Lookup>> {
  try {
    const path = { phoneNumberId: ids.join(",") };
    const parts = await ringcentral.call(getCompanyNumbers, { path }, context);
    const found = parts.map(readPart);
    return new Map(found.flatMap((lookup) => (lookup === undefined ? [] : [[lookup.id, lookup] as const])));
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { kind, status } = error.failure;
    if (kind === "rejected" && status === 403) return new Map(ids.map((id) => [id, { id, is: "forbidden" }]));
    // Unreadable, or rejected as a whole: the response to such a list of ids is not documented. [unsure]
    if (kind === "bad_response" || (kind === "rejected" && (status === 400 || status === 404)))
      return new Map();
    if (deniesEndpoint(error.failure)) return new Map();
    throw error;
  }
}

/** @returns undefined when the part settles nothing */
function readPart({ resourceId: id, status, body }: WireBulkItem): Lookup | undefined {
  if (status === 200) {
    const wire = wireCompanyNumber.safeParse(body);
    if (!wire.success || wire.data.id !== id) return undefined;
    return { id, is: "there", phoneNumber: toPhoneNumber(wire.data) };
  }
  return readRejection(id, { status, ...readErrorBody(body) });
}

async function lookUpOne(ringcentral: RingCentral, id: string, context: CallContext): Promise<Lookup> {
  try {
    const wire = await ringcentral.call(getCompanyNumber, { path: { phoneNumberId: id } }, context);
    return wire.id === id ? { id, is: "there", phoneNumber: toPhoneNumber(wire) } : { id, is: "unproved" };
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { kind, status } = error.failure;
    const rejection = kind === "rejected" ? readRejection(id, error.failure) : undefined;
    if (rejection !== undefined) return rejection;
    // A 404 of a gateway says nothing about the number. A successful response with an unreadable body: it exists.
    const isUnreadable = kind === "bad_response" && status === 200;
    if (isUnreadable || deniesEndpoint(error.failure)) return { id, is: "unproved" };
    throw error;
  }
}

/** @returns undefined when the rejection says nothing about the number */
function readRejection(
  id: string,
  { status, errorCode, parameterName = NUMBER_PARAMETER }: Partial<RingCentralFailure>,
): Lookup | undefined {
  if (status === 404 && errorCode === NOT_FOUND && parameterName === NUMBER_PARAMETER)
    return { id, is: "gone" };
  return status === 403 ? { id, is: "forbidden" } : undefined;
}
