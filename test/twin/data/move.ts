import type { CallHandling } from "./call-handling.ts";
import { migrate } from "./migration.ts";
import { type Account, type Extension, findAccount, type World } from "./world.ts";

/** The instant an extension moves; its own instant overrides the account's. */
export function moveInstant(account: Account, extension: Extension): number {
  return extension.movesAt ?? account.movesAt ?? Number.POSITIVE_INFINITY;
}

/** @returns the extension's data in the new backend, made from v1 at its move; undefined before the move */
export function callHandlingOf(world: World, extension: Extension, now: number): CallHandling | undefined {
  if (moveInstant(findAccount(world, extension.accountId), extension) > now) return undefined;
  extension.callHandling ??= migrate(world, extension);
  return extension.callHandling;
}
