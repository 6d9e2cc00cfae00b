import * as z from "zod/mini";
import { Country, Id, Label, PhoneNumberText } from "../parameters.ts";
import { ExtensionReference } from "./extension-reference.ts";

/** [spec: OAS] Types RingCentral knows today; a type it adds later passes through on read. */
export const forwardingNumberTypes = [
  "Home",
  "Mobile",
  "Work",
  "PhoneLine",
  "Outage",
  "Other",
  "BusinessMobilePhone",
  "ExtensionApps",
] as const;

export const ForwardingNumber = z
  .object({
    id: z.string(),
    phoneNumber: z.optional(z.string().check(z.meta({ description: "E.164" }))),
    label: z.optional(z.string()),
    type: z
      .string()
      .check(z.meta({ description: `One of ${forwardingNumberTypes.join(", ")}, or a newer one.` })),
    features: z.array(z.string()).check(z.maxLength(100)),
    flipNumber: z.optional(z.int()),
    deviceId: z.optional(z.string()),
    extension: z.optional(ExtensionReference),
  })
  .check(
    z.meta({
      id: "ForwardingNumber",
      description: "Where the extension's calls can be forwarded or flipped to.",
    }),
  );
export type ForwardingNumber = z.output<typeof ForwardingNumber>;

/** One digit; RingCentral says which of them are free (v2 documents 1 to 8) [spec: OAS]. */
const FlipNumber = z.int().check(z.minimum(1), z.maximum(9));
const ForwardingType = z.enum(forwardingNumberTypes);

export const NewForwardingNumber = z
  .strictObject({
    phoneNumber: z.optional(PhoneNumberText),
    country: z.optional(Country),
    deviceId: z.optional(Id),
    type: z.optional(ForwardingType),
    label: z.optional(Label),
    flipNumber: z.optional(FlipNumber),
  })
  .check(
    z.meta({
      id: "NewForwardingNumber",
      description:
        "`phoneNumber` for an external number; `deviceId` with type `PhoneLine` for a desk phone; never both. " +
        "RingCentral keeps `label` only for type `Other` (the default).",
    }),
  );
export type NewForwardingNumber = z.output<typeof NewForwardingNumber>;

export const ForwardingNumberUpdate = z
  .strictObject({
    phoneNumber: z.optional(PhoneNumberText),
    country: z.optional(Country),
    type: z.optional(ForwardingType),
    label: z.optional(Label),
    flipNumber: z.optional(FlipNumber),
  })
  .check(
    z.meta({ id: "ForwardingNumberUpdate", description: "What to change; everything else stays as it is." }),
  );
export type ForwardingNumberUpdate = z.output<typeof ForwardingNumberUpdate>;
