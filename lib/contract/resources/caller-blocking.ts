import * as z from "zod/mini";

/** Values a caller may ask for; on read an unknown status passes through in RingCentral's own words. */
export const callerBlockingStatuses = ["blocked", "allowed"] as const;

export const CallerBlockingNumber = z
  .object({
    id: z.string(),
    phoneNumber: z.string().check(z.meta({ description: "E.164" })),
    label: z.optional(z.string()),
    status: z.string().check(z.meta({ description: "`blocked` or `allowed`.", examples: ["blocked"] })),
  })
  .check(
    z.meta({
      id: "CallerBlockingNumber",
      description: "An entry of the extension's blocked or allowed list.",
    }),
  );
export type CallerBlockingNumber = z.output<typeof CallerBlockingNumber>;
