import * as z from "zod/mini";
import type { CallerBlockingChange } from "../../contract/caller-blocking-batch.ts";
import { Label } from "../../contract/parameters.ts";
import type { TextFault } from "../../contract/phone-number-text.ts";
import { type FieldError, ProblemError } from "../../contract/problems.ts";
import type { EntryBody } from "../already-listed.ts";
import { wireStatus } from "../caller-blocking.ts";
import { parsePhoneNumberInput } from "../shared/phone-number-input.ts";

/** One item of a batch, its number in E.164. */
export type Item =
  | { action: "add"; asked: EntryBody & { status: "Blocked" | "Allowed" } }
  | { action: "remove"; id: string }
  | { action: "remove"; phoneNumber: string };

/**
 * What is known of one item. `sent`: it may have taken effect, or still may `until` then. No state holds a number or an
 * id, which may be the number.
 */
const itemState = z.object({
  state: z.enum(["not_started", "sent", "done", "rejected"]),
  until: z.optional(z.number()),
  changed: z.optional(z.boolean()),
  code: z.optional(z.string()),
});
export type ItemState = z.output<typeof itemState>;

export const NOT_STARTED: ItemState = { state: "not_started" };

export const isFinal = ({ state }: ItemState) => state === "done" || state === "rejected";

/** The states that an earlier request with the key has kept. @throws ProblemError for those of another release */
export function keptStates(kept: unknown, count: number): ItemState[] {
  if (kept === undefined) return Array.from({ length: count }, () => NOT_STARTED);
  const { data } = z.array(itemState).safeParse(kept);
  // They may stand for writes that are still under way: nothing may be sent for them.
  if (data?.length !== count) throw new ProblemError("storage_unavailable");
  return data;
}

/** @returns the item, or why there is none: one bad item does not hold up the others */
export function parseItem(change: CallerBlockingChange, index: number): Item | ProblemError {
  const { action, id, phoneNumber, country, status } = change;
  const fault = faultOf(change, index);
  if (fault !== undefined) return new ProblemError("request_invalid", { errors: [fault] });
  if (id !== undefined) return { action: "remove", id };
  try {
    const number = parsePhoneNumberInput({ phoneNumber: phoneNumber ?? "", country, shortCodes: true });
    if (action === "remove") return { action, phoneNumber: number };
    const label = z.optional(Label).parse(change.label);
    return { action, asked: { phoneNumber: number, label, status: wireStatus[status ?? "blocked"] } };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const errors = (error.details.errors ?? []).map((one) => ({
      ...one,
      field: `items.${index}.${one.field}`,
    }));
    return new ProblemError(error.code, { ...error.details, errors });
  }
}

function labelFault(label: string | undefined): TextFault | undefined {
  const { error } = z.optional(Label).safeParse(label);
  // Of a text that is too long the schema says so twice; the second one names the unit.
  const issue = error?.issues.find(({ code }) => code !== "too_big");
  return (
    issue && { code: issue.code === "custom" ? String(issue.params?.code) : "format", detail: issue.message }
  );
}

function faultOf({ action, id, phoneNumber, label, status }: CallerBlockingChange, index: number) {
  const fault = (field: string, code: string, detail: string): FieldError => {
    return { in: "body", field: `items.${index}.${field}`, code, detail };
  };
  if (action === "add") {
    if (id !== undefined) return fault("id", "unknown", "Only an entry that is removed is named by its id.");
    if (phoneNumber === undefined) return fault("phoneNumber", "required", "Name the number to add.");
    const text = labelFault(label);
    return text && fault("label", text.code, text.detail);
  }
  if (label !== undefined || status !== undefined) {
    return fault(
      label === undefined ? "status" : "label",
      "unknown",
      "An entry is removed whatever its label and status.",
    );
  }
  if ((id === undefined) === (phoneNumber === undefined)) {
    return fault("id", "conflict", "Name the entry to remove by either `id` or `phoneNumber`.");
  }
  return undefined;
}
