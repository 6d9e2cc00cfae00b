import * as z from "zod/mini";
import { wireList } from "./wire-list.ts";

// RingCentral's new call handling [docs: MIG, RULES, TGT]. A write replaces whole objects, and four types of targets
// were added in one year [spec: OAS]: every object is kept as it came, so that a write repeats what this release does
// not know.

/** A JSON object with every member as it came, unknown ones included, in their order. */
export type RawObject = Readonly<Record<string, unknown>>;

export function isRawObject(value: unknown): value is RawObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const rawObject = /* @__PURE__ */ z.custom<RawObject>(isRawObject);

/** A rule: how calls are treated in one state, or from one caller. */
export interface WireRule {
  id: string;
  dispatching: RawObject;
  /** The rule whose dispatching it shows as long as it has none [unsure]. */
  inherits?: string;
  raw: RawObject;
}

const ruleMembers = /* @__PURE__ */ z.object({
  id: z.string().check(z.minLength(1)),
  dispatching: rawObject,
  dispatchingRef: z.catch(z.optional(z.object({ ruleId: z.string() })), undefined),
});

export const wireRule: z.ZodMiniType<WireRule> = /* @__PURE__ */ z.pipe(
  rawObject,
  /* @__PURE__ */ z.transform((raw, context) => {
    const { data } = ruleMembers.safeParse(raw);
    if (data === undefined) {
      context.issues.push({ code: "custom", message: "not a rule", input: undefined });
      return z.NEVER;
    }
    const { id, dispatching, dispatchingRef } = data;
    return { id, dispatching, ...(dispatchingRef && { inherits: dispatchingRef.ruleId }), raw };
  }),
);
export const wireRules = /* @__PURE__ */ wireList(wireRule);

/**
 * The call-flip numbers: the whole list. A write replaces it, so a record that cannot be read fails the list: left
 * out, it would be deleted.
 */
export const wireFlips: z.ZodMiniType<readonly RawObject[]> = /* @__PURE__ */ z.pipe(
  z.object({ records: z.array(rawObject) }),
  /* @__PURE__ */ z.transform(({ records }) => records),
);

/** The outcome of a deletion for each target, in a 200 [docs: TGT]. */
export const wireTargetDeletion = /* @__PURE__ */ z.object({
  records: z.array(
    z.object({
      bulkItemSuccessful: z.boolean(),
      bulkItemErrors: z.catch(z.optional(z.array(z.object({ errorCode: z.string() }))), undefined),
    }),
  ),
});

export type WireTargetDeletion = z.output<typeof wireTargetDeletion>;

/** Features; `available: true` alone says nothing about the move [docs: MIG]. */
export const wireFeatures = /* @__PURE__ */ z.object({
  records: z.array(
    z.object({
      id: z.string(),
      available: z.catch(z.optional(z.boolean()), undefined),
      params: z.catch(z.optional(z.array(z.object({ name: z.string(), value: z.unknown() }))), undefined),
    }),
  ),
});
export type WireFeatures = z.output<typeof wireFeatures>;

export const MOVE_FEATURE = "NewCallHandlingAndForwarding";

/**
 * Whether the extension is on the new call handling: its feature has a parameter that says so, as text [docs: MIG].
 * @returns undefined when the feature is not available, as for a missing permission: then nothing is said
 */
export function hasMoved({ records }: WireFeatures): boolean | undefined {
  const feature = records.find(({ id }) => id === MOVE_FEATURE);
  const value = feature?.params?.find(({ name }) => name === "isNewBackendAvailable")?.value;
  if (value === undefined && feature?.available === false) return undefined;
  return String(value).toLowerCase() === "true";
}
