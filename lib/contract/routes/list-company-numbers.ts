import * as z from "zod/mini";
import { Id, setOf } from "../parameters.ts";
import { PhoneNumber, phoneNumberStatuses, phoneNumberTypes, usageTypes } from "../resources/phone-number.ts";
import { defineRoute } from "../route.ts";

export const listCompanyNumbersRoute = defineRoute({
  operationId: "listCompanyNumbers",
  method: "GET",
  path: "/v1/account/phone-numbers",
  scope: "account:read",
  tag: "Company numbers",
  summary: "List the company's phone numbers",
  description:
    "The numbers of the company and of its extensions, from the synced snapshot: `meta.asOf` says when RingCentral " +
    "was last read. `Cache-Control: max-age=…` or `no-cache` asks for a live reading when the snapshot is older, " +
    "and gets it unless RingCentral's budget is spent; `meta.source` says. Until the first sync, and on a live walk, " +
    "each page is a call of RingCentral's, and with `type`, `extension` or `q` it may hold fewer numbers than `limit` " +
    "and still not be the last: follow `hasMore`. A walk of the snapshot stays with one version of it, for 24 h.",
  parameters: z.strictObject({}),
  query: z.strictObject({
    usageType: z.optional(setOf(usageTypes, "Comma-separated usage types.")),
    type: z.optional(setOf(phoneNumberTypes, "Comma-separated line types.")),
    status: z.optional(setOf(phoneNumberStatuses, "Comma-separated statuses.")),
    extension: z.optional(Id.check(z.meta({ description: "The id of the extension that has the number." }))),
    q: z.optional(
      z
        .string()
        .check(
          z.trim(),
          z.minLength(1),
          z.maxLength(60),
          z.regex(/^[^\p{Cc}]*$/u),
          z.meta({ description: "Start of the number, of a word of its label, or of its extension's name." }),
        ),
    ),
  }),
  answer: { kind: "list", description: "A page of phone numbers.", data: PhoneNumber },
  problems: ["not_found", "cursor_expired"],
});
