import * as z from "zod/mini";
import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { toPhoneNumber } from "../../numbers/company-numbers.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import { getCompanyNumber, getCompanyNumbers } from "../../ringcentral/api/operations.ts";
import { type WireBulkAnswer, wireCompanyNumber } from "../../ringcentral/api/wire.ts";

/** [docs: BULK] */
export const LOOKUP_BATCH = 30;

/** What RingCentral says of one number when it is asked for by its id. */
export type Lookup =
  /** Proof: there is no such number. */
  | { id: string; is: "gone" }
  | { id: string; is: "there"; phoneNumber: PhoneNumber }
  /** It is there, but what was said of it cannot be read. */
  | { id: string; is: "unreadable" }
  /** No proof of anything: this user may not ask. */
  | { id: string; is: "forbidden" };

/** "Resource is not found", said of the number itself and not of the account. [seed] */
const NOT_FOUND = "CMN-102";
const NUMBER_PARAMETER = "phoneNumberId";

const errorBody = z.object({
  errorCode: z.optional(z.string()),
  parameterName: z.optional(z.string()),
  errors: z.optional(
    z.array(z.object({ errorCode: z.optional(z.string()), parameterName: z.optional(z.string()) })),
  ),
});

/**
 * Up to `LOOKUP_BATCH` numbers by one Light call; whatever that leaves open is asked for one by one.
 * @param contextOf for each call a new one
 * @throws RingCentralError for all but an answer about a number
 */
export async function lookUpNumbers(
  ringcentral: RingCentral,
  ids: readonly string[],
  contextOf: () => CallContext,
): Promise<Lookup[]> {
  const known = ids.length > 1 ? await lookUpTogether(ringcentral, ids, contextOf()) : new Map();
  const lookups: Lookup[] = [];
  for (const id of ids) lookups.push(known.get(id) ?? (await lookUpOne(ringcentral, id, contextOf())));
  return lookups;
}

async function lookUpTogether(
  ringcentral: RingCentral,
  ids: readonly string[],
  context: CallContext,
): Promise<Map<string, Lookup>> {
  try {
    const path = { phoneNumberId: ids.join(",") };
    const answers = await ringcentral.call(getCompanyNumbers, { path }, context);
    const found = answers.map((answer) => readAnswer(answer));
    return new Map(found.flatMap((lookup) => (lookup === undefined ? [] : [[lookup.id, lookup] as const])));
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    if (isAbout(error, [403])) return new Map(ids.map((id) => [id, { id, is: "forbidden" }]));
    // Refused as a whole: what a list of ids is answered with then is not described. [unsure]
    if (isAbout(error, [400, 404])) return new Map();
    throw error;
  }
}

/** @returns undefined when it settles nothing */
function readAnswer({ resourceId: id, status, body }: WireBulkAnswer): Lookup | undefined {
  if (status === 200) {
    const wire = wireCompanyNumber.safeParse(body);
    if (!wire.success || wire.data.id !== id) return undefined;
    return { id, is: "there", phoneNumber: toPhoneNumber(wire.data) };
  }
  const error = errorBody.safeParse(body);
  const { errorCode, parameterName } = (error.success && (error.data.errors?.[0] ?? error.data)) || {};
  return readRefusal(id, status, errorCode, parameterName);
}

async function lookUpOne(ringcentral: RingCentral, id: string, context: CallContext): Promise<Lookup> {
  try {
    const wire = await ringcentral.call(getCompanyNumber, { path: { phoneNumberId: id } }, context);
    return wire.id === id ? { id, is: "there", phoneNumber: toPhoneNumber(wire) } : { id, is: "unreadable" };
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { kind, status, errorCode, parameterName } = error.failure;
    const refusal = kind === "rejected" ? readRefusal(id, status, errorCode, parameterName) : undefined;
    if (refusal !== undefined) return refusal;
    // An answer of success that is not what was promised; the number is there.
    if (kind === "broken" && status === 200) return { id, is: "unreadable" };
    throw error;
  }
}

function readRefusal(
  id: string,
  status: number | undefined,
  errorCode: string | undefined,
  parameterName: string | undefined,
): Lookup | undefined {
  const isOfNumber = parameterName === undefined || parameterName === NUMBER_PARAMETER;
  if (status === 404 && errorCode === NOT_FOUND && isOfNumber) return { id, is: "gone" };
  return status === 403 ? { id, is: "forbidden" } : undefined;
}

function isAbout({ failure: { kind, status } }: RingCentralError, statuses: readonly number[]): boolean {
  return kind === "rejected" && status !== undefined && statuses.includes(status);
}
