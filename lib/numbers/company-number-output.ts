import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { WireCompanyNumber, WireExtensionPhoneNumber } from "../ringcentral/api/wire.ts";
import { toE164 } from "./phone-number-output.ts";

/** Either list's record: the extension's own has these members and more [spec: OAS]. */
export function toPhoneNumber(wire: WireCompanyNumber | WireExtensionPhoneNumber): PhoneNumber {
  const { extension } = wire;
  return {
    id: wire.id,
    phoneNumber: toE164(wire.phoneNumber),
    ...(wire.label !== undefined && { label: wire.label }),
    ...(wire.type !== undefined && { type: wire.type }),
    usageType: wire.usageType,
    ...(wire.paymentType !== undefined && { paymentType: wire.paymentType }),
    status: wire.status,
    primary: wire.primary,
    ...(wire.location !== undefined && { location: wire.location }),
    ...(wire.callerIdName !== undefined && { callerIdName: wire.callerIdName }),
    ...(extension?.id !== undefined && {
      extension: {
        id: extension.id,
        ...(extension.name !== undefined && { name: extension.name }),
        ...(extension.extensionNumber !== undefined && { extensionNumber: extension.extensionNumber }),
      },
    }),
  };
}
