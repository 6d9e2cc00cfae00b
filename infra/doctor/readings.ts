import * as z from "zod/mini";
import { deniesEndpoint } from "../../lib/ringcentral/api/errors.ts";
import { explainCall } from "./explain.ts";
import { type Finding, failed, ok, skipped, warning } from "./finding.ts";
import type { Session } from "./session.ts";

const List = z.object({ records: z.array(z.object({ usageType: z.optional(z.string()) })) });

interface Reading {
  check: string;
  /** Below the account. */
  path: string;
  permission: string;
  group: "Light" | "Heavy";
  query?: Record<string, string>;
  judge?(list: z.output<typeof List>): Finding | undefined;
}

interface Target {
  accountId: string;
  extensionId: string;
  lacks: ReadonlySet<string>;
}

/** The first item of each list: four Light calls and one Heavy. After a 429 the rest of its group is skipped. */
export async function checkReadings(session: Session, target: Target): Promise<Finding[]> {
  const findings: Finding[] = [];
  const limited = new Set<string>();
  for (const reading of readingsOf(target.extensionId)) {
    const { check, group, permission } = reading;
    if (target.lacks.has(permission)) findings.push(skipped(check, `the role lacks ${permission}`));
    else if (limited.has(group)) findings.push(skipped(check, "the rate limit is reached"));
    else {
      const { finding, isLimited } = await read(session, target.accountId, reading);
      findings.push(finding);
      if (isLimited) limited.add(group);
    }
  }
  return findings;
}

function readingsOf(extensionId: string): Reading[] {
  const light = (check: string, list: string, permission: string): Reading => {
    return { check, path: `extension/${extensionId}/${list}`, permission, group: "Light" };
  };
  return [
    light("blocked numbers", "blocked-number", "ReadBlockedNumbers"),
    light("caller blocking", "caller-blocking/phone-numbers", "ReadBlockedNumbers"),
    light("forwarding numbers", "forwarding-number", "ReadUserForwardingFlipNumbers"),
    light("extension's numbers", "phone-number", "ReadUserPhoneNumbers"),
    {
      check: "company numbers",
      path: "phone-number",
      permission: "ReadCompanyPhoneNumbers",
      group: "Heavy",
      // A user with a lesser role sees direct numbers, whatever usage type the call asks for. [docs: NUM] [unsure]
      query: { usageType: "MainCompanyNumber" },
      judge: judgeCompanyNumbers,
    },
  ];
}

function judgeCompanyNumbers({ records }: z.output<typeof List>): Finding | undefined {
  if (records.some(({ usageType }) => usageType === "MainCompanyNumber")) return undefined;
  return warning(
    "company numbers",
    "the company's main number is not shown: the role seems to see a part of the numbers only",
    "An administrator of the account: give the service's user an administrator's role, or the snapshot lacks the rest.",
  );
}

async function read(session: Session, accountId: string, { check, path, query, judge }: Reading) {
  const { body, failure } = await session.get(`account/${accountId}/${path}`, List, {
    perPage: "1",
    ...query,
  });
  if (failure === undefined) return { finding: judge?.(body) ?? ok(check, "readable"), isLimited: false };
  // [unsure] RingCentral may no longer route the legacy endpoint; Ringfront then uses the current one.
  if (check === "blocked numbers" && deniesEndpoint(failure)) {
    const found = "RingCentral no longer serves them on their old path; caller blocking takes their place";
    return { finding: ok(check, found), isLimited: false };
  }
  const { found, fix } = explainCall(failure);
  return { finding: failed(check, found, fix), isLimited: failure.kind === "rate_limited" };
}
