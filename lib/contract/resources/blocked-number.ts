import * as z from "zod/mini";
import { Country, Label, PhoneNumberText } from "../parameters.ts";

export const BlockedNumber = z
  .object({
    id: z.string(),
    phoneNumber: z.string().check(z.meta({ description: "E.164" })),
    label: z.optional(z.string()),
  })
  .check(
    z.meta({ id: "BlockedNumber", description: "A number whose calls and messages the extension refuses." }),
  );
export type BlockedNumber = z.output<typeof BlockedNumber>;

export const NewBlockedNumber = z
  .strictObject({
    phoneNumber: PhoneNumberText,
    country: z.optional(Country),
    label: z.optional(Label),
  })
  .check(z.meta({ id: "NewBlockedNumber" }));
export type NewBlockedNumber = z.output<typeof NewBlockedNumber>;
