import * as z from "zod/mini";
import { ExtensionReference } from "./extension-reference.ts";
import {
  Country,
  EntryId,
  ExtensionIdOrMe,
  entryIdLike,
  Label,
  NumberQuery,
  PhoneNumberText,
} from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { clearable, described, E164, ItemTag, ReadOnly, requestBody, resource } from "./schema-builders.ts";

/** [spec: OAS] A type that RingCentral adds later passes unchanged on read. */
const forwardingNumberTypes = [
  "Home",
  "Mobile",
  "Work",
  "PhoneLine",
  "Outage",
  "Other",
  "BusinessMobilePhone",
  "ExtensionApps",
] as const;

const ForwardingRing = resource(
  "ForwardingRing",
  "A rule of the new call handling in which a number rings.",
  {
    rule: described(z.string(), "`work-hours`, `after-hours`, `agent`, or the id of a custom rule."),
    enabled: z.boolean(),
    seconds: z.optional(described(z.int(), "How long it rings.")),
    position: z.optional(described(z.int(), "1 rings first; absent where all ring at once.")),
  },
);

export const ForwardingNumber = resource(
  "ForwardingNumber",
  "Where the extension's calls can be forwarded or flipped to.",
  {
    id: z.string(),
    phoneNumber: z.optional(E164),
    label: z.optional(z.string()),
    type: described(z.string(), `One of ${forwardingNumberTypes.join(", ")}, or a newer one.`),
    features: z.array(z.string()).check(z.maxLength(100)),
    flipNumber: z.optional(z.int()),
    deviceId: z.optional(z.string()),
    extension: z.optional(ExtensionReference),
    rings: z.optional(
      described(
        z.array(ForwardingRing).check(z.maxLength(1000)),
        "Where it rings; only on the new call handling (`meta.callHandling`).",
      ),
    ),
    etag: ItemTag,
  },
  {
    id: "712000",
    phoneNumber: "+13125550187",
    label: "Home",
    type: "Home",
    features: ["CallForwarding", "CallFlip"],
    flipNumber: 1,
  },
);
export type ForwardingNumber = z.output<typeof ForwardingNumber>;

/** One digit; RingCentral says which of them are free (v2 documents 1 to 8) [spec: OAS]. */
const FlipNumber = z.int().check(z.minimum(1), z.maximum(9));

const attributes = {
  phoneNumber: z.optional(PhoneNumberText),
  type: z.optional(z.enum(forwardingNumberTypes)),
  rules: z.optional(
    described(
      z.array(EntryId).check(z.maxLength(50)),
      "The rules in which it rings, and no others. A new number rings in `work-hours` unless they are given; an " +
        "extension on legacy call handling has no other rule here.",
    ),
  ),
};

const readOnly = { id: ReadOnly, features: ReadOnly, extension: ReadOnly, rings: ReadOnly, etag: ReadOnly };

export const NewForwardingNumber = requestBody(
  "NewForwardingNumber",
  "`phoneNumber` for an external number; `deviceId` with type `PhoneLine` for a desk phone; never both. " +
    "RingCentral keeps `label` only for type `Other` (the default); `Home`, `Mobile` and `Work` are their own labels.",
  {
    ...attributes,
    country: z.optional(Country),
    deviceId: z.optional(EntryId),
    label: z.optional(Label),
    flipNumber: z.optional(FlipNumber),
    ...readOnly,
  },
  { phoneNumber: "+12025550188", label: "Cabin", type: "Other" },
);
export type NewForwardingNumber = z.output<typeof NewForwardingNumber>;

export const ForwardingNumberUpdate = requestBody(
  "ForwardingNumberUpdate",
  "The fields to change. The others keep their values.",
  {
    ...attributes,
    country: z.optional(z.nullable(Country)),
    label: clearable(Label, "A free name."),
    flipNumber: clearable(FlipNumber, "The digit for call flip."),
    deviceId: ReadOnly,
    ...readOnly,
  },
  { flipNumber: 3 },
);
export type ForwardingNumberUpdate = z.output<typeof ForwardingNumberUpdate>;

const writeProblems = [
  "call_handling_moved",
  "write_incomplete",
  "call_handling_unavailable",
  "forwarding_label_duplicate",
  "forwarding_custom_label_limit_reached",
  "number_belongs_to_account",
  "number_already_listed",
  "flip_number_in_use",
  "international_calling_disabled",
] as const;

export const listForwardingNumbersRoute = defineRoute({
  operationId: "listForwardingNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/forwarding-numbers",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Forwarding numbers",
  summary: "List forwarding numbers",
  description:
    "The numbers and devices the extension's calls can be forwarded or flipped to. With `phoneNumber`: the entries of one " +
    "number.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject(NumberQuery),
  response: { kind: "list", description: "A page of forwarding numbers.", data: ForwardingNumber },
  problems: ["call_handling_unavailable", "call_handling_moved"],
});

export const getForwardingNumberRoute = defineRoute({
  operationId: "getForwardingNumber",
  method: "GET",
  path: "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Forwarding numbers",
  summary: "Read a forwarding number",
  description:
    "One number of the list. Ids stay valid when RingCentral moves the extension to its new call handling.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, forwardingNumberId: entryIdLike("712000") }),
  response: { kind: "item", description: "The forwarding number.", data: ForwardingNumber },
  problems: ["call_handling_unavailable", "call_handling_moved"],
});

export const addForwardingNumberRoute = defineRoute({
  operationId: "addForwardingNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/forwarding-numbers",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Forwarding numbers",
  summary: "Add a forwarding number",
  description: "Adds an external number, or a desk phone of the extension, as a forwarding target.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewForwardingNumber,
  response: { kind: "created", description: "The forwarding number was added.", data: ForwardingNumber },
  problems: [...writeProblems, "forwarding_limit_reached"],
});

export const updateForwardingNumberRoute = defineRoute({
  operationId: "updateForwardingNumber",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Forwarding numbers",
  summary: "Change a forwarding number",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, forwardingNumberId: entryIdLike("712000") }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: ForwardingNumberUpdate,
  response: { kind: "item", description: "The forwarding number as it is now.", data: ForwardingNumber },
  problems: [...writeProblems],
});

export const deleteForwardingNumberRoute = defineRoute({
  operationId: "deleteForwardingNumber",
  method: "DELETE",
  path: "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Forwarding numbers",
  summary: "Remove a forwarding number",
  description: "Calls are no longer forwarded or flipped there.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, forwardingNumberId: entryIdLike("712000") }),
  response: { kind: "deleted", description: "The forwarding number is gone." },
  problems: ["call_handling_unavailable", "call_handling_moved", "write_incomplete"],
});
