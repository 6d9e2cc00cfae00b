import * as z from "zod/mini";
import { PhoneNumber } from "./phone-number.ts";

export const NumberChange = z
  .object({
    sequence: z
      .int()
      .check(
        z.minimum(1),
        z.meta({ description: "Grows by one with every change of the account: no gaps, no repeats." }),
      ),
    type: z.enum(["added", "updated", "removed"]),
    id: z.string().check(z.meta({ description: "The id of the number that changed." })),
    at: z
      .string()
      .check(z.meta({ format: "date-time", description: "When the sync that saw it committed." })),
    changedFields: z.optional(
      z
        .array(z.string())
        .check(z.maxLength(20), z.meta({ description: "For `updated`: which fields of the number." })),
    ),
    phoneNumber: z.optional(PhoneNumber),
  })
  .check(
    z.meta({
      id: "NumberChange",
      description: "One change of one number. `phoneNumber` is the number as it is now; `removed` has none.",
    }),
  );
export type NumberChange = z.output<typeof NumberChange>;
