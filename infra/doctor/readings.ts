import * as z from "zod/mini";
import { deniesEndpoint } from "../../lib/ringcentral/api/errors.ts";
import { explainCall } from "./explain.ts";
import { administrator, type Finding, failed, ok, skipped, warning } from "./finding.ts";
import type { Session } from "./session.ts";

const List = z.object({ records: z.array(z.object({ usageType: z.optional(z.string()) })) });

interface Target {
  accountId: string;
  extensionId: string;
  /** Names of the permissions that the user's role lacks. */
  lacks: readonly string[];
}

/** The first item of each list: four Light calls and one Heavy. After a 429 the rest of its group is skipped. */
export async function checkReadings(
  session: Session,
  { accountId, extensionId, lacks }: Target,
): Promise<Finding[]> {
  const account = `account/${accountId}`;
  const extension = `${account}/extension/${extensionId}`;
  const readings: [check: string, list: string, permission: string][] = [
    ["blocked numbers", `${extension}/blocked-number`, "ReadBlockedNumbers"],
    ["caller blocking", `${extension}/caller-blocking/phone-numbers`, "ReadBlockedNumbers"],
    ["forwarding numbers", `${extension}/forwarding-number`, "ReadUserForwardingFlipNumbers"],
    ["extension's numbers", `${extension}/phone-number`, "ReadUserPhoneNumbers"],
    ["company numbers", `${account}/phone-number`, "ReadCompanyPhoneNumbers"],
  ];
  const findings: Finding[] = [];
  const limited = new Set<string>();
  for (const [check, list, permission] of readings) {
    const group = check === "company numbers" ? "Heavy" : "Light";
    if (lacks.includes(permission)) findings.push(skipped(check, `the role lacks ${permission}`));
    else if (limited.has(group)) findings.push(skipped(check, "the rate limit is reached"));
    else {
      const { finding, isLimited } = await read(session, check, list);
      findings.push(finding);
      if (isLimited) limited.add(group);
    }
  }
  return findings;
}

async function read(session: Session, check: string, list: string) {
  const isCompany = check === "company numbers";
  const filter = isCompany ? "&usageType=MainCompanyNumber" : "";
  const { body, failure } = await session.get(`${list}?perPage=1${filter}`, List);
  if (failure !== undefined) {
    // [unsure] RingCentral may no longer route the legacy endpoint; Ringfront then uses the current one.
    const isReplaced = check === "blocked numbers" && deniesEndpoint(failure);
    const found = "RingCentral no longer serves them on their old path; caller blocking takes their place";
    const finding = isReplaced ? ok(check, found) : failed(check, explainCall(failure));
    return { finding, isLimited: failure.kind === "rate_limited" };
  }
  // A user with a lesser role sees direct numbers, whatever usage type the call asks for. [docs: NUM] [unsure]
  const isPartial = isCompany && !body.records.some(({ usageType }) => usageType === "MainCompanyNumber");
  return { finding: isPartial ? seesPart : ok(check, "readable"), isLimited: false };
}

const seesPart = warning("company numbers", {
  found: "the company's main number is not shown: the role seems to see a part of the numbers only",
  fix: `${administrator}: give the service's user an administrator's role, or the snapshot lacks the rest.`,
});
