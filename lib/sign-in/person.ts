import type { SessionUser } from "../ringcentral/auth/ports.ts";

/** A person's `sub`. A client's id begins with a letter. */
export const subjectOf = ({ accountId, extensionId }: SessionUser) => `${accountId}-${extensionId}`;

/** @returns undefined for a client's id */
export function personOf(subject: string | undefined): SessionUser | undefined {
  const [, accountId, extensionId] = /^([0-9]{1,20})-([0-9]{1,20})$/.exec(subject ?? "") ?? [];
  return accountId === undefined || extensionId === undefined ? undefined : { accountId, extensionId };
}
