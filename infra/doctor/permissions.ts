import * as z from "zod/mini";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { explainCall } from "./explain.ts";
import { type Finding, failed, ok, skipped, warning } from "./finding.ts";
import type { Session } from "./session.ts";

/** What EditAccounts brings along; EditExtensions brings nothing. [docs: PERM] */
const included: Record<string, readonly string[]> = { EditAccounts: ["ReadAccounts", "EditExtensions"] };

/** The app's permissions, from the token response's `scope`. */
export function checkAppPermissions({ grant }: Session): Finding {
  if (grant.scope === undefined) {
    return warning(
      "app permissions",
      "RingCentral did not say what they are",
      "The readings below will tell.",
    );
  }
  const held = grant.scope.split(/[ ,]+/).flatMap((name) => [name, ...(included[name] ?? [])]);
  const lacking = ["ReadAccounts", "EditExtensions"].filter((name) => !held.includes(name));
  if (lacking.length === 0) return ok("app permissions", "ReadAccounts and EditExtensions");
  return failed(
    "app permissions",
    `the app lacks ${lacking.join(" and ")}`,
    "The app's owner, in RingCentral's developer console: add it under the app's permissions.",
  );
}

/** By the API's names, and what is not there without it. [spec: OAS] */
const needed: readonly (readonly [name: string, use: string])[] = [
  ["ReadBlockedNumbers", "lists of blocked and allowed numbers"],
  ["EditBlockedNumbers", "blocking and allowing numbers"],
  ["ReadUserForwardingFlipNumbers", "lists of forwarding numbers"],
  ["EditUserForwardingFlipNumbers", "changing forwarding numbers"],
  ["ReadCompanyPhoneNumbers", "the company's numbers and their sync"],
  ["ReadUserPhoneNumbers", "an extension's own numbers in the overview"],
];

/** [docs: authorization profile] */
const Profile = z.object({
  permissions: z.array(z.object({ permission: z.object({ id: z.string() }) })),
});

export interface UserPermissions {
  findings: Finding[];
  /** Names of the permissions that the user's role lacks. */
  lacks: ReadonlySet<string>;
}

/** The permissions of the user's role: its authorization profile, one Light call. */
export async function checkUserPermissions(
  session: Session,
  accountId: string,
  extensionId: string,
): Promise<UserPermissions> {
  const path = `account/${accountId}/extension/${extensionId}/authz-profile`;
  let held: Set<string>;
  try {
    const { permissions } = await session.get(path, {}, Profile);
    held = new Set(permissions.map(({ permission }) => permission.id));
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { found } = explainCall(error.failure);
    return {
      findings: [
        skipped("user permissions", `RingCentral does not list them (${found}); the readings tell some`),
      ],
      lacks: new Set(),
    };
  }
  const lacking = needed.filter(([name]) => !held.has(name));
  const findings = lacking.map(([name, use]) =>
    failed(
      "user permissions",
      `the user's role lacks ${name}: ${use}`,
      "An administrator of the account, in RingCentral's admin portal: add it to the role of the service's user.",
    ),
  );
  const lacks = new Set(lacking.map(([name]) => name));
  if (findings.length > 0) return { findings, lacks };
  return { findings: [ok("user permissions", `all ${needed.length} that are needed`)], lacks };
}
