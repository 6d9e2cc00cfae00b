// Values a filter may take [spec]. What numbers carry is not held to them: upstream's enums keep growing.

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
