import { SEED } from "./seed.ts";
import type { CompanyNumber } from "./world.ts";

const firstNumberId = 900001;
/** Extensions that exist only to own direct numbers of a large inventory. */
export const firstFillerExtension = 3_810_000;

/** Area codes in the order of their use: 2xx to 4xx come last, so that tests may use them. */
const areaCodes = [range(700, 989), range(500, 699), range(201, 499)]
  .flat()
  .filter((code) => code % 100 !== 11 && ![650, 800, 555].includes(code));

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Fictional numbers only: 555-0100 to 555-0199 of one area code after the other. */
function fillerPhoneNumber(index: number): string {
  const code = areaCodes[Math.floor(index / 100) % areaCodes.length];
  // Beyond some 78,000 numbers the reserved block is used up; the exchange beside it takes over.
  const exchange = 555 - Math.floor(index / 100 / areaCodes.length);
  return `+1${code}${exchange}01${String(index % 100).padStart(2, "0")}`;
}

type NewNumber = Pick<CompanyNumber, "phoneNumber" | "usageType"> & Partial<CompanyNumber>;

function toNumber(id: number, { phoneNumber, usageType, ...rest }: NewNumber): CompanyNumber {
  const defaults = { paymentType: "Local", status: "Normal", type: "VoiceFax", primary: false };
  return { id, phoneNumber, usageType, ...defaults, ...rest };
}

/** The numbers that tests use; the rest of the inventory is filler. */
const cast: NewNumber[] = [
  { phoneNumber: SEED.mainNumber, usageType: "MainCompanyNumber", paymentType: "TollFree", primary: true },
  direct(SEED.directNumber, SEED.extensionId, { location: "San Mateo, CA" }),
  direct("+16505550112", SEED.extensionId, { type: "FaxOnly", location: "San Mateo, CA" }),
  direct("+16505550113", SEED.otherExtensionId, { location: "San Mateo, CA", callerIdName: "BEN OKAFOR" }),
  direct("+16505550110", SEED.adminExtensionId, { label: "Front desk" }),
  direct("+16505550114", SEED.faxExtensionId, { type: "FaxOnly" }),
  direct("+16505550115", SEED.internationalExtensionId, {}),
  direct("+16505550116", SEED.limitedExtensionId, {}),
  direct("+16505550119", SEED.disabledExtensionId, {}),
  {
    phoneNumber: "+16505550120",
    usageType: "CompanyNumber",
    status: "Pending",
    temporaryNumber: { id: "990001", phoneNumber: "+16505550199" },
  },
  // An enum value that no published list contains, and a type that is null: readers meet both [spec].
  { phoneNumber: "+16505550121", usageType: "SatelliteNumber", type: null },
];

function direct(phoneNumber: string, extensionId: string, rest: Partial<CompanyNumber>): NewNumber {
  return { phoneNumber, usageType: "DirectNumber", extensionId, ...rest };
}

function filler(index: number): NewNumber {
  const phoneNumber = fillerPhoneNumber(index);
  const location = `Springfield ${Math.floor(index / 100) + 1}, OR`;
  switch (index % 20) {
    case 0:
      return { phoneNumber, usageType: "CompanyFaxNumber", type: "FaxOnly", location };
    case 5:
      return { phoneNumber, usageType: "AdditionalCompanyNumber", location, label: `Branch ${index}` };
    case 10:
      return { phoneNumber, usageType: "ConferencingNumber", type: "VoiceOnly", status: "PortedIn" };
    case 15: {
      const contactCenterProvider = { id: "1", name: "Twin Contact Center" };
      return { phoneNumber, usageType: "ContactCenterNumber", type: "VoiceOnly", contactCenterProvider };
    }
    case 19:
      return { phoneNumber, usageType: "ForwardedNumber", paymentType: "External" };
    default:
      return direct(phoneNumber, String(firstFillerExtension + Math.floor(index / 20)), { location });
  }
}

/** @returns `listed` numbers the list call shows, and a few of the two kinds that it never shows */
export function seedNumbers(listed: number): CompanyNumber[] {
  const shown = Array.from({ length: listed }, (_, index) => {
    return toNumber(firstNumberId + index, cast[index] ?? filler(index - cast.length));
  });
  const hidden = ["NumberPool", "NumberStorage"].map((usageType, index) =>
    toNumber(890001 + index, { phoneNumber: `+1650555019${index}`, usageType }),
  );
  return [...hidden, ...shown];
}
