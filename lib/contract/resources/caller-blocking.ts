import * as z from "zod/mini";
import { Country, Label, PhoneNumberText } from "../parameters.ts";

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

export const NewCallerBlockingNumber = z
  .strictObject({
    phoneNumber: PhoneNumberText,
    country: z.optional(Country),
    label: z.optional(Label),
    status: z.optional(z.enum(callerBlockingStatuses)),
  })
  .check(
    z.meta({ id: "NewCallerBlockingNumber", description: "`status` is `blocked` unless said otherwise." }),
  );
export type NewCallerBlockingNumber = z.output<typeof NewCallerBlockingNumber>;

export const CallerBlockingNumberUpdate = z
  .strictObject({
    phoneNumber: z.optional(PhoneNumberText),
    country: z.optional(Country),
    label: z.optional(Label),
    status: z.optional(z.enum(callerBlockingStatuses)),
  })
  .check(
    z.meta({
      id: "CallerBlockingNumberUpdate",
      description: "What to change; everything else stays as it is.",
    }),
  );
export type CallerBlockingNumberUpdate = z.output<typeof CallerBlockingNumberUpdate>;

/** specific = refuse the blocked list; all = refuse everyone but the allowed list [unsure]. */
export const callerBlockingModes = ["specific", "all"] as const;
export const noCallerIdActions = ["blockCallsAndFaxes", "blockFaxes", "allow"] as const;
export const payPhoneActions = ["block", "allow"] as const;

export const CallerBlockingSettings = z
  .object({
    mode: z.optional(z.string().check(z.meta({ description: "`specific` or `all`." }))),
    noCallerId: z.optional(
      z.string().check(z.meta({ description: "`blockCallsAndFaxes`, `blockFaxes` or `allow`." })),
    ),
    payPhones: z.optional(z.string().check(z.meta({ description: "`block` or `allow`." }))),
  })
  .check(
    z.meta({
      id: "CallerBlockingSettings",
      description:
        "Which callers the extension refuses: those on its blocked list, or all but its allowed list.",
    }),
  );
export type CallerBlockingSettings = z.output<typeof CallerBlockingSettings>;

export const CallerBlockingSettingsUpdate = z
  .strictObject({
    mode: z.optional(z.enum(callerBlockingModes)),
    noCallerId: z.optional(z.enum(noCallerIdActions)),
    payPhones: z.optional(z.enum(payPhoneActions)),
  })
  .check(
    z.meta({
      id: "CallerBlockingSettingsUpdate",
      description: "What to change; everything else stays as it is.",
    }),
  );
export type CallerBlockingSettingsUpdate = z.output<typeof CallerBlockingSettingsUpdate>;
