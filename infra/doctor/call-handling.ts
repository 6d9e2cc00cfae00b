import { hasMoved, MOVE_FEATURE, wireFeatures } from "../../lib/ringcentral/api/wire-call-handling.ts";
import { explainCall } from "./explain.ts";
import { administrator, type Finding, failed, ok, warning } from "./finding.ts";
import type { Session } from "./session.ts";

/**
 * RingCentral names no user permission for the calls of the new backend; these are those of the former ones [unsure].
 */
const needed = ["ReadUserAnsweringRules", "EditUserAnsweringRules"];

/**
 * The call-handling backend of the extension, one Medium call, and the permissions that forwarding numbers need on
 * the new one.
 * @param granted the permissions of the user's role; undefined when RingCentral does not list them
 */
export async function checkCallHandling(
  session: Session,
  extensionPath: string,
  granted: readonly string[] | undefined,
): Promise<Finding> {
  const check = "call handling";
  const { body, failure } = await session.get(
    `${extensionPath}/features?featureId=${MOVE_FEATURE}`,
    wireFeatures,
  );
  if (failure !== undefined) {
    const { found, fix } = explainCall(failure);
    const consequence = "each extension counts as moved when the new one serves it";
    return warning(check, { found: `the backend is not known (${found}): ${consequence}`, fix });
  }
  const lacking = needed.filter((name) => granted !== undefined && !granted.includes(name));
  const fix = `${administrator}: add ${lacking.length === 1 ? "it" : "them"} to the role of the service's user.`;
  const names = lacking.join(" and ");
  if (hasMoved(body)) {
    if (lacking.length === 0) return ok(check, "on RingCentral's new backend");
    return failed(check, { found: `on RingCentral's new backend, for which the role lacks ${names}`, fix });
  }
  if (lacking.length === 0)
    return ok(check, "on the former backend; RingCentral moves accounts without notice");
  const found = `on the former backend; after RingCentral's move of the account the role also needs ${names}`;
  return warning(check, { found, fix });
}
