import type { Session } from "./sessions.ts";

/** EditAccounts includes these; EditExtensions includes none, not even ReadAccounts [docs: PERM]. */
const included: Record<string, readonly string[]> = { EditAccounts: ["ReadAccounts", "EditExtensions"] };

/** @returns whether a set of app permissions covers one */
export function covers(granted: readonly string[], permission: string): boolean {
  return granted.some((each) => each === permission || included[each]?.includes(permission));
}

/** @returns the app permissions a session acts with: the app's, or the part of them that the client requested */
export function scopeOf(session: Session): readonly string[] {
  const granted = session.app.permissions;
  return session.narrowedTo?.filter((permission) => covers(granted, permission)) ?? granted;
}
