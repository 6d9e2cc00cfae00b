import * as z from "zod/mini";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { explainCall } from "./explain.ts";
import { type Finding, failed, ok, skipped, warning } from "./finding.ts";
import type { Session } from "./session.ts";

const List = z.object({ records: z.array(z.object({ usageType: z.optional(z.string()) })) });
type List = z.output<typeof List>;

interface Reading {
  check: string;
  /** Below the account. */
  path: string;
  query?: Record<string, string>;
  group: "Light" | "Heavy";
  permission: string;
  judge?(list: List): Finding | undefined;
}

export interface Target {
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
  const extension = `extension/${extensionId}`;
  return [
    {
      check: "blocked numbers",
      path: `${extension}/blocked-number`,
      group: "Light",
      permission: "ReadBlockedNumbers",
    },
    {
      check: "caller blocking",
      path: `${extension}/caller-blocking/phone-numbers`,
      group: "Light",
      permission: "ReadBlockedNumbers",
    },
    {
      check: "forwarding numbers",
      path: `${extension}/forwarding-number`,
      group: "Light",
      permission: "ReadUserForwardingFlipNumbers",
    },
    {
      check: "extension's numbers",
      path: `${extension}/phone-number`,
      group: "Light",
      permission: "ReadUserPhoneNumbers",
    },
    {
      check: "company numbers",
      path: "phone-number",
      // A lesser role is shown direct numbers whatever usage type it asks for. [docs: NUM] [unsure]
      query: { usageType: "MainCompanyNumber" },
      group: "Heavy",
      permission: "ReadCompanyPhoneNumbers",
      judge: judgeCompanyNumbers,
    },
  ];
}

function judgeCompanyNumbers({ records }: List): Finding | undefined {
  if (records.some(({ usageType }) => usageType === "MainCompanyNumber")) return undefined;
  return warning(
    "company numbers",
    "the company's main number is not shown: the role seems to see a part of the numbers only",
    "An administrator of the account: give the service's user an administrator's role, or the snapshot lacks the rest.",
  );
}

interface ReadingResult {
  finding: Finding;
  isLimited: boolean;
}

async function read(session: Session, accountId: string, reading: Reading): Promise<ReadingResult> {
  const { check, path, query = {}, judge } = reading;
  try {
    const list = await session.get(`account/${accountId}/${path}`, { perPage: "1", ...query }, List);
    return { finding: judge?.(list) ?? ok(check, "readable"), isLimited: false };
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { failure } = error;
    // [unsure] The old family may no longer be routed; Ringfront then uses its successor.
    if (check === "blocked numbers" && failure.status === 404 && failure.errorCode?.startsWith("AGW-")) {
      const found = "RingCentral no longer serves them on their old path; caller blocking takes their place";
      return { finding: ok(check, found), isLimited: false };
    }
    const { found, fix } = explainCall(failure);
    return { finding: failed(check, found, fix), isLimited: failure.kind === "rate_limited" };
  }
}
