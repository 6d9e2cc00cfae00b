import { userPermissions } from "../data/seed-people.ts";
import type { Account, Extension, User, World } from "../data/world.ts";
import { oauthError } from "./errors.ts";

/** One user in an app, however they logged in: the owner of sessions and budgets. */
export function personOf({ accountId, extensionId, jwt }: User): string {
  return JSON.stringify([accountId, extensionId ?? jwt]);
}

/** The people that the log-in page offers, by extension id: the users of each account, up to a limit. */
export function peopleOf(world: World, perAccount: number): { id: string; label: string }[] {
  const describe = ({ companyName }: Account, { id, name, extensionNumber, status }: Extension) => {
    const isAdmin = world.users.some(({ extensionId, admin }) => admin && extensionId === id);
    const notes = [isAdmin ? ", administrator" : "", status === "Enabled" ? "" : `, ${status.toLowerCase()}`];
    return { id, label: `${name}, ${companyName}, extension ${extensionNumber}${notes.join("")}` };
  };
  return [...world.accounts.values()].flatMap((account) =>
    [...account.extensions.values()]
      .filter(({ type }) => type === "User")
      .slice(0, perAccount)
      .map((extension) => describe(account, extension)),
  );
}

/**
 * Finds the login of an extension id or e-mail. An extension without a seeded login gets that of an ordinary user.
 * @returns undefined when there is no such person, or an e-mail belongs to several
 */
export function findPerson(world: World, name: string): User | undefined {
  const wanted = name.trim().toLowerCase();
  const found = [...world.accounts.values()].flatMap(({ extensions }) =>
    [...extensions.values()].filter(({ id, email }) => id === wanted || email?.toLowerCase() === wanted),
  );
  const [extension, ...others] = found.filter(({ type }) => type !== "Department");
  if (extension === undefined || others.length > 0) return undefined;
  const known = world.users.find(({ extensionId }) => extensionId === extension.id);
  if (known !== undefined) return known;
  const { accountId, id: extensionId } = extension;
  const user: User = { accountId, extensionId, admin: false, permissions: [...userPermissions] };
  world.users.push(user);
  return user;
}

/**
 * Checks that a user may log in now.
 * @throws Rejection in OAuth's format
 */
export function checkLoginAllowed(world: World, user: User): void {
  const rejected = (code: string, description: string) => oauthError("invalid_grant", code, description);
  if (user.lockedOut) throw rejected("OAU-147", "The account is locked out after failed logons");
  const account = world.accounts.get(user.accountId);
  if (account?.status !== "Confirmed") {
    throw rejected("OAU-142", "Login to account in current state is not allowed");
  }
  const extension = user.extensionId === undefined ? undefined : account.extensions.get(user.extensionId);
  if (user.extensionId !== undefined && extension?.status !== "Enabled") {
    throw rejected("OAU-141", "Login for extension in current state is not allowed");
  }
  // A role without this permission may not log in through another owner's app [observed: SO].
  if (!user.permissions.includes("ThirdPartyAppAccess")) {
    const parameters = [{ parameterName: "permissionName", parameterValue: "ThirdPartyAppAccess" }];
    const description =
      "In order to call this API endpoint, user needs to have [ThirdPartyAppAccess] permission";
    throw oauthError("invalid_client", "CMN-408", description, parameters);
  }
}
