import * as z from "zod/mini";
import { setOf } from "../parameters.ts";
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
    "The numbers of the company and of its extensions. With `type` or `q` a page may hold fewer numbers than " +
    "`limit` and still not be the last: follow `hasMore`.",
  parameters: z.strictObject({}),
  query: z.strictObject({
    usageType: z.optional(setOf(usageTypes, "Comma-separated usage types.")),
    type: z.optional(setOf(phoneNumberTypes, "Comma-separated line types.")),
    status: z.optional(setOf(phoneNumberStatuses, "Comma-separated statuses.")),
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
  problems: ["not_found"],
});
