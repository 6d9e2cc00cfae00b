import * as z from "zod/mini";
import { explainCall } from "./explain.ts";
import { type Finding, failed, ok, skipped, warning } from "./finding.ts";
import type { Session } from "./session.ts";

/** EditAccounts includes these; EditExtensions includes nothing. [docs: PERM] */
const included: Record<string, readonly string[]> = { EditAccounts: ["ReadAccounts", "EditExtensions"] };

/** The app's permissions, from the token response's `scope`. */
export function checkAppPermissions({ grant }: Session): Finding {
  const check = "app permissions";
  if (grant.scope === undefined) {
    return warning(check, "RingCentral did not say what they are", "The readings below will tell.");
  }
  const granted = grant.scope.split(/[ ,]+/).flatMap((name) => [name, ...(included[name] ?? [])]);
  const lacking = ["ReadAccounts", "EditExtensions"].filter((name) => !granted.includes(name));
  if (lacking.length === 0) return ok(check, "ReadAccounts and EditExtensions");
  return failed(
    check,
    `the app lacks ${lacking.join(" and ")}`,
    "The app's owner, in RingCentral's developer console: add it under the app's permissions.",
  );
}

/** By the API's names, with the consequence of lacking each. [spec: OAS] */
const needed: readonly (readonly [name: string, use: string])[] = [
  ["ReadBlockedNumbers", "lists of blocked and allowed numbers"],
  ["EditBlockedNumbers", "blocking and allowing numbers"],
  ["ReadUserForwardingFlipNumbers", "lists of forwarding numbers"],
  ["EditUserForwardingFlipNumbers", "changing forwarding numbers"],
  ["ReadCompanyPhoneNumbers", "the company's numbers and their sync"],
  ["ReadUserPhoneNumbers", "an extension's own numbers in the overview"],
];

/** [spec: OAS] */
const Profile = z.object({
  permissions: z.array(z.object({ permission: z.object({ id: z.string() }) })),
});

interface UserPermissions {
  findings: Finding[];
  /** Names of the permissions that the user's role lacks. */
  lacks: ReadonlySet<string>;
}

/** The permissions of the user's role: its authorization profile, one Medium call [spec: OAS]. */
export async function checkUserPermissions(
  session: Session,
  accountId: string,
  extensionId: string,
): Promise<UserPermissions> {
  const check = "user permissions";
  const path = `account/${accountId}/extension/${extensionId}/authz-profile`;
  const { body, failure } = await session.get(path, Profile);
  if (failure !== undefined) {
    const why = `RingCentral does not list them (${explainCall(failure).found}); the readings tell some`;
    return { findings: [skipped(check, why)], lacks: new Set() };
  }
  const granted = new Set(body.permissions.map(({ permission }) => permission.id));
  const lacking = needed.filter(([name]) => !granted.has(name));
  const fix =
    "An administrator of the account, in RingCentral's admin portal: add it to the role of the service's user.";
  const findings: Finding[] = lacking.map(([name, use]) =>
    failed(check, `the user's role lacks ${name}: ${use}`, fix),
  );
  if (findings.length === 0) findings.push(ok(check, `all ${needed.length} that are needed`));
  return { findings, lacks: new Set(lacking.map(([name]) => name)) };
}
