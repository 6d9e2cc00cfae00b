/** Whom to erase: one extension, one person, or a whole account. */
export interface Target {
  accountId?: string | undefined;
  extensionId?: string | undefined;
  personId?: string | undefined;
}

/** An item of the table. */
export interface TableRecord {
  pk: string;
  sk: string;
  version: string;
  value: unknown;
}

/** What a first look through the table finds, before anything is changed. */
export interface Found {
  /** The ids of the people to erase. */
  people: Set<string>;
  /** The beginnings of sign-ins to erase, by their partitions. */
  grants: Set<string>;
  /** By account: the chunks of numbers that readers see, and when the last quarantine ended. */
  snapshots: Map<string, { chunks: Set<string>; checkedBy: number }>;
  /** By account: the chunks of the directory that its head names, and the extensions in it. */
  directories: Map<string, { chunks: Set<string>; extensions: Set<string> }>;
}

/** What becomes of a record. `once`: it is never altered otherwise, and keeps its version. */
export type Verdict = "keep" | "delete" | "remains" | { value: unknown; once?: true };

interface Ids {
  accountId?: string | undefined;
  extensionId?: string | undefined;
  personId?: string | undefined;
}

/** The whole account, and not only one of its extensions. */
export const isAccount = (target: Target, accountId: string | undefined) =>
  target.accountId === accountId && target.extensionId === undefined && target.personId === undefined;

export const isExtension = (target: Target, { accountId, extensionId }: Ids) =>
  target.extensionId !== undefined &&
  target.extensionId === extensionId &&
  (target.accountId ?? accountId) === accountId;

/** Whether a record about these concerns the target. */
export function concerns(target: Target, found: Found, ids: Ids): boolean {
  const isPerson = ids.personId !== undefined && found.people.has(ids.personId);
  return isPerson || isAccount(target, ids.accountId) || isExtension(target, ids);
}
