import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WireDirectoryEntry } from "../../ringcentral/api/wire.ts";

/** An extension in the copy of the directory. Its names, e-mail and numbers are personal: sealed at rest, never logged. */
export interface DirectoryEntry {
  id: string;
  /** RingCentral's `User` covers users of every kind. [spec: OAS] */
  type: string;
  /** `Enabled`, `Disabled` or `NotActivated`; others are not listed. [spec: OAS] */
  status: string;
  name?: string;
  email?: string;
  extensionNumber?: string;
  department?: string;
  jobTitle?: string;
  site?: string;
  phoneNumbers?: string[];
}

/** @returns undefined for an entry of another, federated account */
export function toDirectoryEntry(wire: WireDirectoryEntry, accountId: string): DirectoryEntry | undefined {
  const { id, type, status, email, extensionNumber, department, jobTitle } = wire;
  if ((wire.account?.id ?? accountId) !== accountId) return undefined;
  const names = [wire.firstName, wire.lastName].filter((name) => name !== undefined).join(" ");
  const phoneNumbers = wire.phoneNumbers.flatMap(({ phoneNumber, hidden }) =>
    phoneNumber === undefined || hidden ? [] : [phoneNumber],
  );
  return omitUndefined({
    id,
    type,
    status,
    name: wire.name ?? (names === "" ? undefined : names),
    email,
    extensionNumber,
    department,
    jobTitle,
    site: wire.site?.name,
    phoneNumbers: phoneNumbers.length === 0 ? undefined : phoneNumbers,
  });
}

export const isEnabled = ({ status }: Pick<DirectoryEntry, "status">) => status === "Enabled";
