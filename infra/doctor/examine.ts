import type { Clock } from "../../lib/platform/clock.ts";
import type { Credentials } from "../../lib/platform/credentials.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { Transport } from "../../lib/ringcentral/http/transport.ts";
import { explainLogin } from "./explain.ts";
import { type Finding, failed, ok, skipped, warning } from "./finding.ts";
import { checkAppPermissions, checkUserPermissions } from "./permissions.ts";
import { checkReadings } from "./readings.ts";
import { openSession, type Session } from "./session.ts";
import { checkWho } from "./who.ts";

interface ExaminationOptions {
  credentials: Credentials;
  clock: Clock;
  /** The extension whose numbers to read; absent: the credential's own. */
  extensionId?: string | undefined;
  /** The expected account. */
  accountId?: string | undefined;
  transport?: Transport;
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
  const { credentials, clock, transport } = options;
  const findings = checkServer(credentials);
  let session: Session;
  try {
    session = await openSession(credentials, clock, transport);
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    findings.push(...describeRejection(error));
    return { findings };
  }
  try {
    findings.push(ok("connection", "RingCentral responds"), ...checkClock(session));
    findings.push(ok("login", "the app and the JWT credential are accepted"));
    findings.push(checkAppPermissions(session));
    const { finding, ids } = await checkWho(session, options.accountId);
    findings.push(finding);
    if (ids === undefined) {
      const unknown = "it is not known who the credential is";
      findings.push(...later.slice(2).map((check) => skipped(check, unknown)));
      return { findings };
    }
    const { accountId, extensionId } = ids;
    const permissions = await checkUserPermissions(session, accountId, extensionId);
    findings.push(...permissions.findings);
    const target = { accountId, extensionId: options.extensionId ?? extensionId, lacks: permissions.lacks };
    findings.push(...(await checkReadings(session, target)), ...describeLimits(session));
    return { findings, ...ids };
  } finally {
    await session.end().catch(() => {});
  }
}

function checkServer({ server }: Credentials): Finding[] {
  if (!/devtest|sandbox/i.test(new URL(server).hostname)) return [];
  const fix = "Use https://platform.ringcentral.com with a production app.";
  return [warning("server", "this is RingCentral's sandbox, which is being retired", fix)];
}

function describeRejection({ failure }: RingCentralError): Finding[] {
  const { found, fix } = explainLogin(failure);
  if (failure.status === undefined) {
    const rest = ["login", ...later].map((check) => skipped(check, "there is no connection"));
    return [failed("connection", found, fix), ...rest];
  }
  const rest = later.map((check) => skipped(check, "there is no login"));
  return [ok("connection", "RingCentral responds"), failed("login", found, fix), ...rest];
}

function checkClock({ clockAheadMs }: Session): Finding[] {
  if (clockAheadMs === undefined || Math.abs(clockAheadMs) <= CLOCK_TOLERANCE_MS) return [];
  const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
  const found = `this machine's clock is ${seconds} seconds ${clockAheadMs > 0 ? "behind" : "ahead of"} RingCentral's`;
  return [warning("clock", found, "Let the machine set its clock by a time server.")];
}

function describeLimits({ limits }: Session): Finding[] {
  const texts = [...limits.values()].flatMap(({ group, limit, windowSeconds = 60 }) =>
    limit === undefined ? [] : [`${group} ${limit} calls in ${windowSeconds} s`],
  );
  return texts.length === 0 ? [] : [ok("rate limits", texts.join(", "))];
}
