import * as z from "zod/mini";
import { Country, ExtensionIdOrMe, entryIdLike, Label, NumberQuery, PhoneNumberText } from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { clearable, described, E164, ItemTag, ReadOnly, requestBody, resource } from "./schema-builders.ts";

/** Values a caller may send. On read, an unknown status of RingCentral's passes unchanged. */
const callerBlockingStatuses = ["blocked", "allowed"] as const;

export const CallerBlockingNumber = resource(
  "CallerBlockingNumber",
  "An entry of the extension's blocked or allowed list.",
  {
    id: z.string(),
    phoneNumber: E164,
    label: z.optional(z.string()),
    status: z.string().check(z.meta({ description: "`blocked` or `allowed`.", examples: ["blocked"] })),
    etag: ItemTag,
  },
  { id: "MTIwMjU1NTAxNTE", phoneNumber: "+12025550151", label: "School", status: "allowed" },
);
export type CallerBlockingNumber = z.output<typeof CallerBlockingNumber>;

export const CallerBlockingStatus = z.enum(callerBlockingStatuses);
const status = z.optional(CallerBlockingStatus);
const readOnly = { id: ReadOnly, etag: ReadOnly };

export const NewCallerBlockingNumber = requestBody(
  "NewCallerBlockingNumber",
  "`status` defaults to `blocked`.",
  {
    phoneNumber: PhoneNumberText,
    country: z.optional(Country),
    label: z.optional(Label),
    status,
    ...readOnly,
  },
  { phoneNumber: "+12025550187", label: "Dentist", status: "allowed" },
);
export type NewCallerBlockingNumber = z.output<typeof NewCallerBlockingNumber>;

export const CallerBlockingNumberUpdate = requestBody(
  "CallerBlockingNumberUpdate",
  "The fields to change. The others keep their values.",
  {
    phoneNumber: z.optional(PhoneNumberText),
    country: z.optional(z.nullable(Country)),
    label: clearable(Label, "A free name."),
    status,
    ...readOnly,
  },
  { label: "School office" },
);
export type CallerBlockingNumberUpdate = z.output<typeof CallerBlockingNumberUpdate>;

export const CallerBlockingSettings = resource(
  "CallerBlockingSettings",
  "The callers that the extension rejects: those on its blocked list, or all except its allowed list.",
  {
    mode: z.optional(described(z.string(), "`specific` or `all`.")),
    noCallerId: z.optional(described(z.string(), "`blockCallsAndFaxes`, `blockFaxes` or `allow`.")),
    payPhones: z.optional(described(z.string(), "`block` or `allow`.")),
  },
  { mode: "specific", noCallerId: "allow", payPhones: "allow" },
);
export type CallerBlockingSettings = z.output<typeof CallerBlockingSettings>;

export const CallerBlockingSettingsUpdate = requestBody(
  "CallerBlockingSettingsUpdate",
  "The fields to change. The others keep their values.",
  {
    /** specific = reject the blocked list; all = reject every caller except the allowed list [unsure]. */
    mode: z.optional(z.enum(["specific", "all"])),
    noCallerId: z.optional(z.enum(["blockCallsAndFaxes", "blockFaxes", "allow"])),
    payPhones: z.optional(z.enum(["block", "allow"])),
  },
  { noCallerId: "blockCallsAndFaxes" },
);
export type CallerBlockingSettingsUpdate = z.output<typeof CallerBlockingSettingsUpdate>;

export const listCallerBlockingNumbersRoute = defineRoute({
  operationId: "listCallerBlockingNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "List blocked and allowed numbers",
  description:
    "The extension's blocked list, its allowed list, or both in this order. With `phoneNumber`: the entries of one number.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({
    status: z._default(z.enum([...callerBlockingStatuses, "all"]), "all"),
    ...NumberQuery,
  }),
  response: {
    kind: "list",
    description: "A page of blocked and allowed numbers.",
    data: CallerBlockingNumber,
  },
});

export const addCallerBlockingNumberRoute = defineRoute({
  operationId: "addCallerBlockingNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Block or allow a number",
  description: "Adds a number to the extension's blocked or allowed list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewCallerBlockingNumber,
  response: {
    kind: "created",
    description: "The number is on the list.",
    data: CallerBlockingNumber,
    existing: "The number was on this list already, with this label.",
  },
  problems: ["number_already_listed"],
});

export const getCallerBlockingNumberRoute = defineRoute({
  operationId: "getCallerBlockingNumber",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Read a blocked or allowed number",
  description: "One entry of either list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: entryIdLike("MTIwMjU1NTAxNTE") }),
  response: { kind: "item", description: "The entry.", data: CallerBlockingNumber },
});

export const updateCallerBlockingNumberRoute = defineRoute({
  operationId: "updateCallerBlockingNumber",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Change a blocked or allowed number",
  description:
    "Changes the fields sent; the others keep their values. A new number may give the entry a new `id`.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: entryIdLike("MTIwMjU1NTAxNTE") }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: CallerBlockingNumberUpdate,
  response: { kind: "item", description: "The entry as it is now.", data: CallerBlockingNumber },
  problems: ["number_already_listed"],
});

export const deleteCallerBlockingNumberRoute = defineRoute({
  operationId: "deleteCallerBlockingNumber",
  method: "DELETE",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Remove a blocked or allowed number",
  description: "Removes the entry from its list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: entryIdLike("MTIwMjU1NTAxNTE") }),
  response: { kind: "deleted", description: "The entry is gone." },
});

export const getCallerBlockingRoute = defineRoute({
  operationId: "getCallerBlocking",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Read the caller-blocking settings",
  description: "The settings that decide which callers the extension rejects.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  response: { kind: "item", description: "The settings.", data: CallerBlockingSettings },
});

export const updateCallerBlockingRoute = defineRoute({
  operationId: "updateCallerBlocking",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/caller-blocking",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Change the caller-blocking settings",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  body: CallerBlockingSettingsUpdate,
  response: { kind: "item", description: "The settings as they are now.", data: CallerBlockingSettings },
});
