// Values a filter may take [spec]. Seeded numbers may have other values: RingCentral's enums grow.

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
];

export const paymentTypes = [
  "External",
  "TollFree",
  "Local",
  "BusinessMobileNumberProvider",
  "ExternalNumberProvider",
  "ExternalNumberProviderTollFree",
  "Mobile",
];

export const statuses = ["Normal", "Pending", "PortedIn", "Temporary", "Unknown"];

export const extensionStatuses = ["Enabled", "Disabled", "Frozen", "NotActivated", "Unassigned"];
