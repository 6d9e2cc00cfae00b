import * as z from "zod/mini";
import { ExtensionReference } from "./extension-reference.ts";

/** [spec: OAS] What a caller may filter by. Answers may hold values added since. */
export const usageTypes = [
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
export const phoneNumberStatuses = ["Normal", "Pending", "PortedIn", "Temporary", "Unknown"] as const;
export const phoneNumberTypes = ["VoiceFax", "VoiceOnly", "FaxOnly"] as const;

export const PhoneNumber = z
  .object({
    id: z.string(),
    phoneNumber: z.string().check(z.meta({ description: "E.164" })),
    label: z.optional(z.string()),
    type: z.optional(z.string()),
    usageType: z.string(),
    paymentType: z.optional(z.string()),
    status: z.string(),
    primary: z.boolean(),
    location: z.optional(z.string()),
    callerIdName: z.optional(z.string()),
    extension: z.optional(ExtensionReference),
  })
  .check(
    z.meta({ id: "PhoneNumber", description: "A phone number of the company or of one of its extensions." }),
  );
export type PhoneNumber = z.output<typeof PhoneNumber>;
