import * as z from "zod/mini";
import { ExtensionReference } from "./extension-reference.ts";
import { Id, ShortText, setOf } from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { described, E164, Instant, ItemTag, resource } from "./schema-builders.ts";

/** [spec: OAS] The filter values. Responses may hold values that RingCentral adds later. */
const usageTypes = [
  "MainCompanyNumber",
  "AdditionalCompanyNumber",
  "CompanyNumber",
  "DirectNumber",
  "CompanyFaxNumber",
  "FmcBusinessMobileNumber",
  "InventoryFmcBusinessMobileNumber",
  "ForwardedNumber",
  "ForwardedCompanyNumber",
  "ContactCenterNumber",
  "ConferencingNumber",
  "MeetingsNumber",
  "NumberPool",
  "BusinessMobileNumber",
  "ELIN",
  "PartnerBusinessMobileNumber",
  "NumberPoolPartnerBusinessMobileNumber",
  "NumberStorage",
  "IntegrationNumber",
  "InventoryMobileNumber",
] as const;
const phoneNumberStatuses = ["Normal", "Pending", "PortedIn", "Temporary", "Unknown"] as const;
const phoneNumberTypes = ["VoiceFax", "VoiceOnly", "FaxOnly"] as const;

export const PhoneNumber = resource(
  "PhoneNumber",
  "A phone number of the company or of one of its extensions.",
  {
    id: z.string(),
    phoneNumber: E164,
    label: z.optional(z.string()),
    type: z.optional(z.string()),
    usageType: z.string(),
    paymentType: z.optional(z.string()),
    status: z.string(),
    primary: z.boolean(),
    location: z.optional(z.string()),
    callerIdName: z.optional(z.string()),
    extension: z.optional(ExtensionReference),
    etag: ItemTag,
  },
  {
    id: "660100",
    phoneNumber: "+16505550110",
    label: "Front desk",
    type: "VoiceFax",
    usageType: "DirectNumber",
    status: "Normal",
    primary: false,
    extension: { id: "3800111", extensionNumber: "101" },
  },
);
export type PhoneNumber = z.output<typeof PhoneNumber>;

export const NumberChange = resource(
  "NumberChange",
  "One change of one number. `phoneNumber` is the number as it is now; `removed` has none.",
  {
    sequence: described(
      z.int().check(z.minimum(1)),
      "Grows by one with every change of the account: no gaps, no repeats. Only a restore of the service's records from a " +
        "backup leaves a gap; then a cursor of a lost change has expired.",
    ),
    type: z.enum(["added", "updated", "removed"]),
    id: described(z.string(), "The id of the number that changed."),
    at: described(Instant, "When the sync that found it committed."),
    changedFields: z.optional(
      described(z.array(z.string()).check(z.maxLength(20)), "For `updated`: which fields of the number."),
    ),
    phoneNumber: z.optional(PhoneNumber),
  },
);
export type NumberChange = z.output<typeof NumberChange>;

export const listCompanyNumbersRoute = defineRoute({
  operationId: "listCompanyNumbers",
  method: "GET",
  path: "/v1/account/phone-numbers",
  scope: "account:read",
  callsRingCentral: true,
  tag: "Company numbers",
  summary: "List the company's phone numbers",
  description:
    "The numbers of the company and of its extensions, from the synced snapshot. `meta.asOf` is the time of the last " +
    "sync. `Cache-Control: max-age=…` or `no-cache` asks for a live reading when the snapshot is older; the response is " +
    "live unless RingCentral's budget is spent, and `meta.source` says which. Before the first sync, and while paging " +
    "through live numbers, each page is one RingCentral call. With `type`, `extension` or `q` such a page may hold fewer " +
    "numbers than `limit` without being the last: follow `hasMore`. Paging through the snapshot stays with one version " +
    "of it, for 24 h.",
  query: z.strictObject({
    usageType: z.optional(setOf(usageTypes, "Comma-separated usage types.")),
    type: z.optional(setOf(phoneNumberTypes, "Comma-separated line types.")),
    status: z.optional(setOf(phoneNumberStatuses, "Comma-separated statuses.")),
    extension: z.optional(
      described(Id, "The id of the extension that has the number, or the number that people dial for it."),
    ),
    q: z.optional(
      described(
        ShortText,
        "Digits of the number as people type them, with or without the country: its start, or four or more at its end. " +
          "Or the start of a word of its label, or of its extension's name or number.",
      ),
    ),
  }),
  response: { kind: "list", description: "A page of phone numbers.", data: PhoneNumber },
  problems: ["cursor_expired"],
});

export const listNumberChangesRoute = defineRoute({
  operationId: "listNumberChanges",
  method: "GET",
  path: "/v1/account/phone-numbers/changes",
  scope: "account:read",
  tag: "Company numbers",
  summary: "Follow changes of the company's phone numbers",
  description:
    "Without `cursor` the response has no changes. It has the cursor for all changes from now on, and in `meta.snapshot` " +
    "a link to the numbers as they are at that point. Load that list to its end, then follow `page.nextCursor`, to miss " +
    "no change. Every response has `page.nextCursor`. When `page.hasMore` is false, poll again after `Retry-After` " +
    "seconds. Changes are kept for 30 days: an older cursor returns 410 `cursor_expired`; then start over without one.",
  response: {
    kind: "feed",
    description: "A page of changes, oldest first.",
    data: NumberChange,
    snapshot: listCompanyNumbersRoute,
  },
  problems: ["cursor_expired", "snapshot_missing"],
});
