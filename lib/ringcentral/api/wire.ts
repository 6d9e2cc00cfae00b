import * as z from "zod/mini";
import { wireList } from "./wire-list.ts";

export type { WireList } from "./wire-list.ts";

// RingCentral's records as it sends them, reduced to the members we use. Its description requires almost nothing
// [spec: OAS], so only two members are required: the id, and the number where the record is one.
// Enumerations stay open: `usageType` alone grew from 12 values to 20 [spec: OAS48, OAS].
// The annotations let a bundle drop the records that its function does not read.

/** Text in some records, int64 in others, and either for the same record over time [spec: OAS] [docs: HOOK]. */
const id = z.pipe(
  z.union([z.string().check(z.minLength(1)), z.int()]),
  z.transform((value) => String(value)),
);

/** Null is documented for `type` only, but counts as absent everywhere. */
const text = z.optional(
  z.pipe(
    z.nullable(z.string()),
    z.transform((value) => value ?? undefined),
  ),
);

const textOrNumber = z.optional(
  z.pipe(
    z.nullable(z.union([z.string(), z.number()])),
    z.transform((value) => (value === null || value === "" ? undefined : String(value))),
  ),
);

const flag = z.pipe(
  z.optional(z.nullable(z.boolean())),
  z.transform((value) => value ?? false),
);

/* @__NO_SIDE_EFFECTS__ */
function textOr(fallback: string) {
  return z.pipe(
    z.optional(z.nullable(z.string())),
    z.transform((value) => value ?? fallback),
  );
}

/* @__NO_SIDE_EFFECTS__ */
function textList() {
  return z.pipe(
    z.optional(z.nullable(z.array(z.string()))),
    z.transform((value) => value ?? []),
  );
}

/* @__NO_SIDE_EFFECTS__ */
function nested<Inner extends z.ZodMiniType>(inner: Inner) {
  return z.optional(
    z.pipe(
      z.nullable(inner),
      z.transform((value) => value ?? undefined),
    ),
  );
}

const phoneNumber = z.string().check(z.minLength(1));

const extension = /* @__PURE__ */ nested(
  /* @__PURE__ */ z.object({ id: textOrNumber, name: text, extensionNumber: textOrNumber }),
);

/** `blocked-number`: every entry is blocked; its `name` is `label` in the successor. [sdk source] */
export const wireBlockedNumber = /* @__PURE__ */ z.object({ id, phoneNumber, name: text });
export type WireBlockedNumber = z.output<typeof wireBlockedNumber>;

/** `caller-blocking/phone-numbers`; the shared enumeration declares `Blocked` its default. [spec: OAS] */
export const wireCallerBlockingNumber = /* @__PURE__ */ z.object({
  id,
  phoneNumber,
  label: text,
  status: textOr("Blocked"),
});
export type WireCallerBlockingNumber = z.output<typeof wireCallerBlockingNumber>;

const preset = /* @__PURE__ */ z.object({ id: textOrNumber, name: text });
const greeting = /* @__PURE__ */ z.object({ type: text, preset: nested(preset) });

/** `caller-blocking`: settings. `greetings` are kept because a PUT may reset omitted members. [docs: URIS] */
export const wireCallerBlocking = /* @__PURE__ */ z.object({
  mode: text,
  noCallerId: text,
  payPhones: text,
  greetings: nested(/* @__PURE__ */ z.array(greeting)),
});
export type WireCallerBlocking = z.output<typeof wireCallerBlocking>;

/**
 * `flipNumber` is text in responses and a number in one request [spec: OAS]: both are read, as text. `Other` is
 * the type of a number added without one. [spec: OAS]
 */
export const wireForwardingNumber = /* @__PURE__ */ z.object({
  id,
  phoneNumber: text,
  label: text,
  type: textOr("Other"),
  features: textList(),
  flipNumber: textOrNumber,
  device: nested(/* @__PURE__ */ z.object({ id: textOrNumber })),
  extension,
});
export type WireForwardingNumber = z.output<typeof wireForwardingNumber>;

/** `type` is nullable [spec: OAS]; `Unknown` is RingCentral's own value for an unknown status. */
export const wireCompanyNumber = /* @__PURE__ */ z.object({
  id,
  phoneNumber,
  label: text,
  type: text,
  usageType: textOr("Unknown"),
  paymentType: text,
  status: textOr("Unknown"),
  primary: flag,
  location: text,
  callerIdName: text,
  activationStatus: text,
  extension,
});
export type WireCompanyNumber = z.output<typeof wireCompanyNumber>;

/** The numbers one extension may use, the company's included, with more members than op 7. [spec: OAS] */
const wireExtensionPhoneNumber = /* @__PURE__ */ z.object({
  id,
  phoneNumber,
  label: text,
  type: text,
  subType: text,
  usageType: textOr("Unknown"),
  paymentType: text,
  status: textOr("Unknown"),
  primary: flag,
  location: text,
  callerIdName: text,
  features: textList(),
  extension,
});
export type WireExtensionPhoneNumber = z.output<typeof wireExtensionPhoneNumber>;

export const wireBlockedNumbers = /* @__PURE__ */ wireList(wireBlockedNumber);
export const wireCallerBlockingNumbers = /* @__PURE__ */ wireList(wireCallerBlockingNumber);
export const wireForwardingNumbers = /* @__PURE__ */ wireList(wireForwardingNumber);
export const wireCompanyNumbers = /* @__PURE__ */ wireList(wireCompanyNumber);
/** The one list whose `navigation`, `paging` and `records` are described as required. [spec: OAS] */
export const wireExtensionPhoneNumbers = /* @__PURE__ */ wireList(wireExtensionPhoneNumber, {
  strictEnvelope: true,
});

/** A subscription to notifications [docs: HOOK]. Its id is a UUID. */
export const wireSubscription = z.object({
  id: z.string().check(z.minLength(1)),
  /** `Active`, `Suspended`, `Blacklisted`. */
  status: z.optional(z.string()),
  expirationTime: z.optional(z.string()),
  deliveryMode: z.optional(z.object({ address: z.optional(z.string()) })),
});
export type WireSubscription = z.output<typeof wireSubscription>;

/** One part of a bulk response; `body` is the operation's response for that id alone. [docs: BULK] */
const wireBulkAnswer = /* @__PURE__ */ z.object({ resourceId: id, status: z.int(), body: z.unknown() });
export type WireBulkAnswer = z.output<typeof wireBulkAnswer>;
export const wireBulkAnswers = /* @__PURE__ */ z.array(wireBulkAnswer);

export const wireSubscriptions = z.object({ records: z.array(wireSubscription) });
export type WireSubscriptions = z.output<typeof wireSubscriptions>;
