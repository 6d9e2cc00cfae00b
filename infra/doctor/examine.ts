import * as z from "zod/mini";
import type { Clock } from "../../lib/platform/clock.ts";
import type { Credentials } from "../../lib/platform/credentials.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { checkCallHandling } from "./call-handling.ts";
import { explainCall, explainLogin } from "./explain.ts";
import { type Finding, failed, ok, skipped, warning } from "./finding.ts";
import { checkMovedExtensions } from "./moved-extensions.ts";
import { checkAppPermissions, checkUserPermissions } from "./permissions.ts";
import { checkReadings } from "./readings.ts";
import { openSession, type Session } from "./session.ts";

interface ExaminationOptions {
  credentials: Credentials;
  clock: Clock;
  /** The extension whose numbers to read; absent: the credential's own. */
  extensionId?: string | undefined;
  /** The expected account. */
  accountId?: string | undefined;
}

export interface Examination {
  findings: Finding[];
  /** The credential's account and user, once known. */
  accountId?: string;
  extensionId?: string;
}

/** A clock that is further off makes tokens look expired or not yet valid. */
const CLOCK_TOLERANCE_MS = 60_000;

const later = ["app permissions", "who it is", "user permissions", "reading"];

/**
 * Checks a RingCentral credential for everything that Ringfront needs, from the connection to the lists themselves. One
 * login, at most one Heavy call, no writes.
 */
export async function examine(options: ExaminationOptions): Promise<Examination> {
  const findings = checkServer(options.credentials);
  try {
    const session = await openSession(options.credentials, options.clock);
    try {
      findings.push(ok("connection", "RingCentral responds"), ...checkClock(session));
      if (await session.isLimited()) findings.push(limitedMode);
      findings.push(ok("login", "the app and the JWT credential are accepted"));
      return await examineUser(session, options, findings);
    } finally {
      await session.end().catch(() => {});
    }
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    return { findings: [...findings, ...describeRejection(error)] };
  }
}

const limitedMode = warning("limited mode", {
  found:
    "RingCentral is in limited mode, as during its maintenance: it accepts no changes and serves some reads only",
  fix: "Nothing has to be fixed: writes get 503 upstream_limited_mode until the maintenance is over.",
});

async function examineUser(session: Session, options: ExaminationOptions, findings: Finding[]) {
  findings.push(checkAppPermissions(session));
  const { finding, ids } = await checkWho(session, options.accountId);
  findings.push(finding);
  if (ids === undefined) {
    const unknown = "it is not known who the credential is";
    return { findings: [...findings, ...later.slice(2).map((check) => skipped(check, unknown))] };
  }
  const { accountId, extensionId } = ids;
  const user = await checkUserPermissions(session, `account/${accountId}/extension/${extensionId}`);
  const target = { accountId, extensionId: options.extensionId ?? extensionId, lacks: user.lacks };
  findings.push(...user.findings, ...(await checkReadings(session, target)));
  const path = `account/${accountId}/extension/${target.extensionId}`;
  findings.push(await checkCallHandling(session, path, user.granted));
  findings.push(await checkMovedExtensions(session, accountId), ...describeLimits(session));
  return { findings, ...ids };
}

function checkServer({ server }: Credentials): Finding[] {
  if (!/devtest|sandbox/i.test(new URL(server).hostname)) return [];
  const found = "this is RingCentral's sandbox, which is being retired";
  const fix = "Use https://platform.ringcentral.com with a production app.";
  return [warning("server", { found, fix })];
}

function describeRejection({ failure }: RingCentralError): Finding[] {
  if (failure.status === undefined) {
    const rest = ["login", ...later].map((check) => skipped(check, "there is no connection"));
    return [failed("connection", explainLogin(failure)), ...rest];
  }
  const rest = later.map((check) => skipped(check, "there is no login"));
  return [ok("connection", "RingCentral responds"), failed("login", explainLogin(failure)), ...rest];
}

function checkClock({ clockAheadMs = 0 }: Session): Finding[] {
  if (Math.abs(clockAheadMs) <= CLOCK_TOLERANCE_MS) return [];
  const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
  const found = `this machine's clock is ${seconds} seconds ${clockAheadMs > 0 ? "behind" : "ahead of"} RingCentral's`;
  return [warning("clock", { found, fix: "Let the machine set its clock by a time server." })];
}

/** The canonical URI has the real ids in place of `~`. [docs: RESP] */
const Extension = z.object({ uri: z.string() });
const URI = /\/account\/(?<accountId>\d{1,20})\/extension\/(?<extensionId>\d{1,20})\/?$/;

/** The credential's account and user. */
async function checkWho(session: Session, expected: string | undefined) {
  const check = "who it is";
  const { body, failure } = await session.get("account/~/extension/~", Extension);
  if (failure !== undefined) return { finding: failed(check, explainCall(failure)) };
  const { accountId, extensionId } = URI.exec(body.uri)?.groups ?? {};
  if (accountId === undefined || extensionId === undefined) {
    return { finding: failed(check, { found: "RingCentral did not say", fix: "Ask its support." }) };
  }
  const ids = { accountId, extensionId };
  const text = `account ${accountId}, extension ${extensionId}`;
  if (expected === undefined || expected === accountId) return { finding: ok(check, text), ids };
  const fix = `Use --account ${accountId}, or a credential of ${expected}: no other account is reached.`;
  return { finding: failed(check, { found: `${text}, and not account ${expected}`, fix }), ids };
}

function describeLimits({ limits }: Session): Finding[] {
  const texts = [...limits.values()].flatMap(({ group, limit, windowSeconds = 60 }) =>
    limit === undefined ? [] : [`${group} ${limit} calls in ${windowSeconds} s`],
  );
  return texts.length === 0 ? [] : [ok("rate limits", texts.join(", "))];
}
