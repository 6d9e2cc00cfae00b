import * as z from "zod/mini";
import { explainCall } from "./explain.ts";
import { type Finding, failed, ok } from "./finding.ts";
import type { Session } from "./session.ts";

/** The canonical URI has the real ids in place of `~`. [docs: RESP] */
const Extension = z.object({ uri: z.string() });
const URI = /\/account\/(?<accountId>\d{1,20})\/extension\/(?<extensionId>\d{1,20})\/?$/;

interface Who {
  finding: Finding;
  ids?: { accountId: string; extensionId: string };
}

/** The credential's account and user. */
export async function checkWho(session: Session, expectedAccountId: string | undefined): Promise<Who> {
  const check = "who it is";
  const { body, failure } = await session.get("account/~/extension/~", Extension);
  if (failure !== undefined) {
    const { found, fix } = explainCall(failure);
    return { finding: failed(check, found, fix) };
  }
  const { accountId, extensionId } = URI.exec(body.uri)?.groups ?? {};
  if (accountId === undefined || extensionId === undefined) {
    return { finding: failed(check, "RingCentral did not say", "Ask its support.") };
  }
  const ids = { accountId, extensionId };
  const text = `account ${accountId}, extension ${extensionId}`;
  if (expectedAccountId === undefined || expectedAccountId === accountId) {
    return { finding: ok(check, text), ids };
  }
  const fix = `Use --account ${accountId}, or a credential of ${expectedAccountId}: no other account is reached.`;
  return { finding: failed(check, `${text}, and not account ${expectedAccountId}`, fix), ids };
}
