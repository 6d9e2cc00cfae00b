import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { toPhoneNumber } from "../../numbers/company-numbers.ts";
import { deniesEndpoint, RingCentralError, type RingCentralFailure } from "../../ringcentral/api/errors.ts";
import type { Operation } from "../../ringcentral/api/operation.ts";
import { getCompanyNumber, getCompanyNumbers } from "../../ringcentral/api/operations.ts";
import { type WireBulkItem, wireCompanyNumber } from "../../ringcentral/api/wire.ts";
import { readErrorBody } from "../../ringcentral/http/error-body.ts";
import { MAX_RETRIES } from "./checkpoint.ts";
import { Quarantined } from "./quarantine.ts";
import { callContext, type Run, saveProgress } from "./run.ts";
import { readStaged, stage } from "./staged-pages.ts";

/** [docs: BULK] */
const BATCH = 30;

/**
 * What looking one number up by its id has shown: the number, or
 * - `gone`: proof that there is no such number
 * - `unproved`: neither proved gone nor readable, so it stays as it is
 * - `forbidden`: no proof, because this user may not read it
 */
export type Lookup = PhoneNumber | "gone" | "unproved" | "forbidden";

/** "Resource is not found", about the number and not about the account. [old reference] */
const NOT_FOUND = "CMN-102";
const NUMBER_PARAMETER = "phoneNumberId";

/**
 * Looks up each missing number by its id: a list of steady size can hide a number when one before the reading position
 * goes and one behind it comes. Numbers that are not proved gone are kept. Each batch is saved before the next is
 * looked up.
 */
export async function confirmRemovals(run: Run): Promise<void> {
  const seen = run.numbers.size;
  await readStaged(run, "lookups");
  while (run.checkpoint.lookedUp < run.missing.length) await confirmBatch(run);
  const { runId } = run.checkpoint;
  const count = run.numbers.size - seen;
  if (count > 0) run.onEvent({ type: "missed_by_scan", runId, count });
}

async function confirmBatch(run: Run): Promise<void> {
  const { missing, isConfirmed, base, checkpoint } = run;
  const ids = missing.slice(checkpoint.lookedUp, checkpoint.lookedUp + BATCH);
  const call = <Output>(operation: Operation<Output>, phoneNumberId: string) =>
    run.ringcentral.call(operation, { path: { phoneNumberId } }, callContext(run));
  const found = await lookUpNumbers(call, ids).catch((error: unknown) => {
    const isUnusable = error instanceof RingCentralError && error.failure.kind === "bad_response";
    if (!isUnusable || checkpoint.failuresInARow < MAX_RETRIES) throw error;
    // The numbers stay, and the rest is committed: a look-up that never works may not hold it up.
    return ids.map((): Lookup => "unproved");
  });
  if (!isConfirmed && found.includes("forbidden")) throw new Quarantined("permissions");
  const numbers = found.map((lookup, index) => {
    if (typeof lookup === "object") return lookup;
    return lookup === "unproved" ? base.byId.get(ids[index] ?? "")?.number : undefined;
  });
  const kept = numbers.filter((number) => number !== undefined);
  const lookups = await stage(run, "lookups", kept);
  const lookedUp = checkpoint.lookedUp + found.length;
  const failuresInARow = found.every((lookup) => lookup === "unproved") ? checkpoint.failuresInARow : 0;
  await saveProgress(run, { ...checkpoint, lookups, lookedUp, failuresInARow });
}

/** Makes one call about the numbers with these ids. */
type Call = <Output>(operation: Operation<Output>, phoneNumberId: string) => Promise<Output>;

/**
 * Looks up to `BATCH` numbers up with one Light call; those it leaves open are looked up one by one.
 * @returns a result for each id in order, or for the first ones when a later call failed
 * @throws RingCentralError for every failure that says nothing about the first number
 */
export async function lookUpNumbers(call: Call, ids: readonly string[]): Promise<Lookup[]> {
  const known = ids.length > 1 ? await lookUpTogether(call, ids) : new Map();
  const lookups: Lookup[] = [];
  try {
    for (const id of ids) lookups.push(known.get(id) ?? (await lookUpOne(call, id)));
  } catch (error) {
    if (lookups.length === 0) throw error;
  }
  return lookups;
}

async function lookUpTogether(call: Call, ids: readonly string[]): Promise<Map<string, Lookup | undefined>> {
  try {
    const parts = await call(getCompanyNumbers, ids.join(","));
    return new Map(parts.map((part) => [part.resourceId, readPart(part)]));
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { kind, status } = error.failure;
    if (kind === "rejected" && status === 403) return new Map(ids.map((id) => [id, "forbidden"]));
    // Unreadable, or rejected as a whole: the response to such a list of ids is not documented. [unsure]
    const isRejected = kind === "rejected" && (status === 400 || status === 404);
    if (kind === "bad_response" || isRejected || deniesEndpoint(error.failure)) return new Map();
    throw error;
  }
}

/** @returns undefined when the part settles nothing */
function readPart({ resourceId: id, status, body }: WireBulkItem): Lookup | undefined {
  if (status !== 200) return readRejection({ status, ...readErrorBody(body) });
  const { data } = wireCompanyNumber.safeParse(body);
  return data?.id === id ? toPhoneNumber(data) : undefined;
}

async function lookUpOne(call: Call, id: string): Promise<Lookup> {
  try {
    const wire = await call(getCompanyNumber, id);
    return wire.id === id ? toPhoneNumber(wire) : "unproved";
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { kind, status } = error.failure;
    const rejection = kind === "rejected" ? readRejection(error.failure) : undefined;
    if (rejection !== undefined) return rejection;
    // A 404 of a gateway says nothing about the number. A successful response with an unreadable body: it exists.
    const isUnreadable = kind === "bad_response" && status === 200;
    if (isUnreadable || deniesEndpoint(error.failure)) return "unproved";
    throw error;
  }
}

/** @returns undefined when the rejection says nothing about the number */
function readRejection(failure: Partial<RingCentralFailure>): "gone" | "forbidden" | undefined {
  const { status, errorCode, parameterName = NUMBER_PARAMETER } = failure;
  if (status === 404 && errorCode === NOT_FOUND && parameterName === NUMBER_PARAMETER) return "gone";
  return status === 403 ? "forbidden" : undefined;
}
