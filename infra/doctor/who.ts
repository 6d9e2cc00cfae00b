import * as z from "zod/mini";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { explainCall } from "./explain.ts";
import { type Finding, failed, ok } from "./finding.ts";
import type { Session } from "./session.ts";

/** The canonical URI has the real ids in place of `~`. [docs: RESP] */
const Extension = z.object({ uri: z.string() });
const URI = /\/account\/(?<accountId>\d{1,20})\/extension\/(?<extensionId>\d{1,20})\/?$/;

export interface Who {
  findings: Finding[];
  accountId?: string;
  extensionId?: string;
}

/** Whose credential it is. */
export async function checkWho(session: Session, expected: { accountId?: string }): Promise<Who> {
  const check = "who it is";
  try {
    const { uri } = await session.get("account/~/extension/~", {}, Extension);
    const { accountId, extensionId } = URI.exec(uri)?.groups ?? {};
    if (accountId === undefined || extensionId === undefined) {
      return { findings: [failed(check, "RingCentral did not say", "Ask its support.")] };
    }
    const text = `account ${accountId}, extension ${extensionId}`;
    if (expected.accountId !== undefined && expected.accountId !== accountId) {
      const fix = `Use --account ${accountId}, or a credential of ${expected.accountId}: no other account is reached.`;
      return {
        findings: [failed(check, `${text}, and not account ${expected.accountId}`, fix)],
        accountId,
        extensionId,
      };
    }
    return { findings: [ok(check, text)], accountId, extensionId };
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    const { found, fix } = explainCall(error.failure);
    return { findings: [failed(check, found, fix)] };
  }
}
