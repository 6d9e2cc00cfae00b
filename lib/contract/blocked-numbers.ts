import * as z from "zod/mini";
import { Country, ExtensionIdOrMe, entryIdLike, Label, NumberQuery, PhoneNumberText } from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { E164, ItemTag, ReadOnly, requestBody, resource } from "./schema-builders.ts";

export const BlockedNumber = resource(
  "BlockedNumber",
  "A number whose calls and messages the extension rejects.",
  {
    id: z.string(),
    phoneNumber: E164,
    label: z.optional(z.string()),
    etag: ItemTag,
  },
  { id: "MTIwMjU1NTAxNjI", phoneNumber: "+12025550162", label: "Survey" },
);
export type BlockedNumber = z.output<typeof BlockedNumber>;

export const NewBlockedNumber = requestBody(
  "NewBlockedNumber",
  "A number to block.",
  {
    phoneNumber: PhoneNumberText,
    country: z.optional(Country),
    label: z.optional(Label),
    id: ReadOnly,
    etag: ReadOnly,
  },
  { phoneNumber: "+12025550190", label: "Robocaller" },
);
export type NewBlockedNumber = z.output<typeof NewBlockedNumber>;

export const listBlockedNumbersRoute = defineRoute({
  operationId: "listBlockedNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/blocked-numbers",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Blocked numbers",
  summary: "List blocked numbers",
  description:
    "The numbers whose calls and messages the extension rejects. With `phoneNumber`: whether one number is among them.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject(NumberQuery),
  response: { kind: "list", description: "A page of blocked numbers.", data: BlockedNumber },
});

export const addBlockedNumberRoute = defineRoute({
  operationId: "addBlockedNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/blocked-numbers",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Blocked numbers",
  summary: "Block a number",
  description: "Adds a number to the extension's blocked list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewBlockedNumber,
  response: {
    kind: "created",
    description: "The number is blocked.",
    data: BlockedNumber,
    existing: "The number was blocked already, with this label.",
  },
  problems: ["number_already_listed"],
});

export const getBlockedNumberRoute = defineRoute({
  operationId: "getBlockedNumber",
  method: "GET",
  path: "/v1/extensions/{extensionId}/blocked-numbers/{id}",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Blocked numbers",
  summary: "Read a blocked number",
  description: "One number of the blocked list. The id of its caller-blocking entry serves too.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: entryIdLike("MTIwMjU1NTAxNjI") }),
  response: { kind: "item", description: "The blocked number.", data: BlockedNumber },
});

export const deleteBlockedNumberRoute = defineRoute({
  operationId: "deleteBlockedNumber",
  method: "DELETE",
  path: "/v1/extensions/{extensionId}/blocked-numbers/{id}",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Blocked numbers",
  summary: "Unblock a number",
  description:
    "Removes a number from the extension's blocked list. The id of its caller-blocking entry serves too.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: entryIdLike("MTIwMjU1NTAxNjI") }),
  response: { kind: "deleted", description: "The number is not blocked any more." },
});
