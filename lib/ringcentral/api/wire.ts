import * as z from "zod/mini";
import { wireList } from "./wire-list.ts";

export type { WireList, WirePage } from "./wire-list.ts";

// RingCentral's records as it sends them, reduced to the members we use. Its description requires almost nothing
// [spec: OAS], so only two members are required: the id, and the number where the record is one. Any other member that
// is odd counts as absent: it must not hide its record.
// Enumerations stay open: `usageType` alone grew from 12 values to 20 [spec: OAS48, OAS].
// The annotations let a bundle drop the records that its function does not read.

/** Text in some records, int64 in others, and either for the same record over time [spec: OAS] [docs: HOOK]. */
const id = z.pipe(
  z.union([z.string().check(z.minLength(1)), z.int()]),
  z.transform((value) => String(value)),
);

/** Null, documented for `type` only, counts as absent everywhere. */
/* @__NO_SIDE_EFFECTS__ */
function nullable<Value>(schema: z.ZodMiniType<Value>) {
  return z.catch(z.optional(schema), undefined);
}

/* @__NO_SIDE_EFFECTS__ */
function withDefault<Value>(schema: z.ZodMiniType<Value>, fallback: Value) {
  return z.pipe(
    nullable(schema),
    z.transform((value) => value ?? fallback),
  );
}

const textOrNumber = z.pipe(
  z.union([z.string(), z.number()]),
  z.transform((value) => String(value)),
);

const text = /* @__PURE__ */ nullable(textOrNumber);
/** Absent when empty. */
const filledText = /* @__PURE__ */ nullable(z.pipe(textOrNumber, z.string().check(z.minLength(1))));

const phoneNumber = z.pipe(textOrNumber, z.string().check(z.trim(), z.minLength(1)));

const extension = /* @__PURE__ */ nullable(
  /* @__PURE__ */ z.object({ id: filledText, name: text, extensionNumber: filledText }),
);

/** `blocked-number`: every entry is blocked; its `name` is `label` in the successor. [sdk source] */
export const wireBlockedNumber = /* @__PURE__ */ z.object({ id, phoneNumber, name: text });
export type WireBlockedNumber = z.output<typeof wireBlockedNumber>;

/** `caller-blocking/phone-numbers`; the shared enumeration declares `Blocked` its default. [spec: OAS] */
export const wireCallerBlockingNumber = /* @__PURE__ */ z.object({
  id,
  phoneNumber,
  label: text,
  status: withDefault(z.string(), "Blocked"),
});
export type WireCallerBlockingNumber = z.output<typeof wireCallerBlockingNumber>;

/** `caller-blocking`: settings. Other members, such as `greetings`, are kept for a PUT, which may reset omitted ones. [docs: URIS] */
export const wireCallerBlocking = /* @__PURE__ */ z.looseObject({
  mode: text,
  noCallerId: text,
  payPhones: text,
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
  type: withDefault(z.string(), "Other"),
  features: withDefault(z.array(z.string()), []),
  flipNumber: filledText,
  device: nullable(/* @__PURE__ */ z.object({ id: filledText })),
  extension,
});
export type WireForwardingNumber = z.output<typeof wireForwardingNumber>;

/** A number of the company's list or of an extension's own; both lists have more members [spec: OAS]. */
export const wireCompanyNumber = /* @__PURE__ */ z.object({
  id,
  phoneNumber,
  label: text,
  /** Nullable [spec: OAS]. */
  type: text,
  /** `Unknown` is RingCentral's own value, for a status too. */
  usageType: withDefault(z.string(), "Unknown"),
  paymentType: text,
  status: withDefault(z.string(), "Unknown"),
  primary: withDefault(z.boolean(), false),
  location: text,
  callerIdName: text,
  extension,
});
export type WireCompanyNumber = z.output<typeof wireCompanyNumber>;

export const wireBlockedNumbers = /* @__PURE__ */ wireList(wireBlockedNumber);
export const wireCallerBlockingNumbers = /* @__PURE__ */ wireList(wireCallerBlockingNumber);
export const wireForwardingNumbers = /* @__PURE__ */ wireList(wireForwardingNumber);
export const wireCompanyNumbers = /* @__PURE__ */ wireList(wireCompanyNumber);

/** An entry of the company directory. Only the id is required. [spec: OAS] */
const wireDirectoryEntry = /* @__PURE__ */ z.object({
  id,
  type: withDefault(z.string(), "Unknown"),
  status: withDefault(z.string(), "Unknown"),
  /** Absent when only the own account is asked for; another one's id marks a federated entry. */
  account: nullable(/* @__PURE__ */ z.object({ id: filledText })),
  /** Of entries that are not users; users have two names. */
  name: filledText,
  firstName: filledText,
  lastName: filledText,
  email: filledText,
  extensionNumber: filledText,
  department: filledText,
  jobTitle: filledText,
  site: nullable(/* @__PURE__ */ z.object({ name: filledText })),
  phoneNumbers: withDefault(
    z.array(/* @__PURE__ */ z.object({ phoneNumber: text, hidden: withDefault(z.boolean(), false) })),
    [],
  ),
});
export type WireDirectoryEntry = z.output<typeof wireDirectoryEntry>;

/** The directory, or that it is as it was. */
export const wireDirectory = /* @__PURE__ */ z.union([
  /* @__PURE__ */ z.object({ status: z.literal(304) }),
  /* @__PURE__ */ z.object({
    status: z.literal(200),
    etag: z.optional(z.string()),
    body: /* @__PURE__ */ wireList(wireDirectoryEntry),
  }),
]);
export type WireDirectory = z.output<typeof wireDirectory>;

/** A subscription to notifications [docs: HOOK]. Its id is a UUID. */
export const wireSubscription = z.object({
  id: z.string().check(z.minLength(1)),
  /** `Active`, `Suspended`, `Blacklisted`. */
  status: z.optional(z.string()),
  deliveryMode: z.optional(z.object({ address: z.optional(z.string()) })),
});
export type WireSubscription = z.output<typeof wireSubscription>;

/** One part of a bulk response; `body` is the operation's response for that id alone. [docs: BULK] */
const wireBulkItem = /* @__PURE__ */ z.object({ resourceId: id, status: z.int(), body: z.unknown() });
export type WireBulkItem = z.output<typeof wireBulkItem>;
export const wireBulkItems = /* @__PURE__ */ z.array(wireBulkItem);

export const wireSubscriptions = /* @__PURE__ */ wireList(wireSubscription);
