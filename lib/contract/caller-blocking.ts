import * as z from "zod/mini";
import { Country, ExtensionIdOrMe, Id, Label, PhoneNumberText } from "./parameters.ts";
import { defineRoute } from "./route.ts";

/** Values a caller may ask for; on read an unknown status passes through in RingCentral's own words. */
const callerBlockingStatuses = ["blocked", "allowed"] as const;

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
const callerBlockingModes = ["specific", "all"] as const;
const noCallerIdActions = ["blockCallsAndFaxes", "blockFaxes", "allow"] as const;
const payPhoneActions = ["block", "allow"] as const;

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

export const listCallerBlockingNumbersRoute = defineRoute({
  operationId: "listCallerBlockingNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers",
  scope: "numbers:read",
  tag: "Caller blocking",
  summary: "List blocked and allowed numbers",
  description: "The extension's blocked list, its allowed list, or the one followed by the other.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({
    status: z._default(z.enum([...callerBlockingStatuses, "all"]), "all"),
  }),
  response: {
    kind: "list",
    description: "A page of blocked and allowed numbers.",
    data: CallerBlockingNumber,
  },
  problems: ["feature_not_available", "not_found"],
});

export const addCallerBlockingNumberRoute = defineRoute({
  operationId: "addCallerBlockingNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Block or allow a number",
  description: "Adds a number to the extension's blocked or allowed list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewCallerBlockingNumber,
  response: { kind: "created", description: "The number is on the list.", data: CallerBlockingNumber },
  problems: ["parameter_invalid", "feature_not_available", "not_found"],
});

export const updateCallerBlockingNumberRoute = defineRoute({
  operationId: "updateCallerBlockingNumber",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Change a blocked or allowed number",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: Id }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: CallerBlockingNumberUpdate,
  response: { kind: "item", description: "The entry as it is now.", data: CallerBlockingNumber },
  problems: ["parameter_invalid", "feature_not_available", "not_found", "precondition_failed"],
});

export const deleteCallerBlockingNumberRoute = defineRoute({
  operationId: "deleteCallerBlockingNumber",
  method: "DELETE",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Remove a blocked or allowed number",
  description: "Takes the entry off its list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: Id }),
  response: { kind: "deleted", description: "The entry is gone." },
  problems: ["feature_not_available", "not_found", "precondition_failed"],
});

export const getCallerBlockingRoute = defineRoute({
  operationId: "getCallerBlocking",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking",
  scope: "numbers:read",
  tag: "Caller blocking",
  summary: "Read the caller-blocking settings",
  description: "Whom the extension refuses.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  response: { kind: "item", description: "The settings.", data: CallerBlockingSettings },
  problems: ["feature_not_available", "not_found"],
});

export const updateCallerBlockingRoute = defineRoute({
  operationId: "updateCallerBlocking",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/caller-blocking",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Change the caller-blocking settings",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  body: CallerBlockingSettingsUpdate,
  response: { kind: "item", description: "The settings as they are now.", data: CallerBlockingSettings },
  problems: ["parameter_invalid", "feature_not_available", "not_found", "precondition_failed"],
});
