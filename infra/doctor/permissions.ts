import * as z from "zod/mini";
import { explainCall } from "./explain.ts";
import { administrator, appOwner, type Finding, failed, ok, skipped, warning } from "./finding.ts";
import type { Session } from "./session.ts";

/** The app's permissions, from the token response's `scope`. */
export function checkAppPermissions({ grant: { scope } }: Session): Finding {
  const check = "app permissions";
  if (scope === undefined) {
    return warning(check, {
      found: "RingCentral did not say what they are",
      fix: "The readings below will tell.",
    });
  }
  const granted = scope.split(/[ ,]+/);
  // EditAccounts includes both; EditExtensions includes nothing. [docs: PERM]
  const lacking = ["ReadAccounts", "EditExtensions"].filter(
    (name) => !granted.includes(name) && !granted.includes("EditAccounts"),
  );
  if (lacking.length === 0) return ok(check, "ReadAccounts and EditExtensions");
  return failed(check, {
    found: `the app lacks ${lacking.join(" and ")}`,
    fix: `${appOwner}: add it under the app's permissions.`,
  });
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
  lacks: readonly string[];
  /** Names of those that it has; absent when RingCentral does not list them. */
  granted?: readonly string[];
}

/** The permissions of the user's role: its authorization profile, one Medium call [spec: OAS]. */
export async function checkUserPermissions(session: Session, userPath: string): Promise<UserPermissions> {
  const check = "user permissions";
  const { body, failure } = await session.get(`${userPath}/authz-profile`, Profile);
  if (failure !== undefined) {
    const why = `RingCentral does not list them (${explainCall(failure).found}); the readings tell some`;
    return { findings: [skipped(check, why)], lacks: [] };
  }
  const granted = body.permissions.map(({ permission }) => permission.id);
  const lacking = needed.filter(([name]) => !granted.includes(name));
  const fix = `${administrator}: add it to the role of the service's user.`;
  const findings = lacking.map(([name, use]) =>
    failed(check, { found: `the user's role lacks ${name}: ${use}`, fix }),
  );
  if (findings.length === 0) findings.push(ok(check, `all ${needed.length} that are needed`));
  return { findings, lacks: lacking.map(([name]) => name), granted };
}
