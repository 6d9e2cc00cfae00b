import { habits } from "../../sim/capacity/habits.ts";
import { type Bill, billOf, scaled, tracedShare } from "./dollars.ts";
import { prices } from "./prices.ts";
import type { RouteUsage, State, Usage } from "./requests.ts";

const HOUR_S = 3_600;

/** A company whose people sign in with RingCentral. The habits are those of `npm run sim:capacity`. */
export const company = {
  users: 10_000,
  workingDays: 21,
  /** Of the overviews: asked for again within 15 s. */
  cached: 0.1,
  /** Each sync of the numbers is one message. */
  syncsADay: 96,
  /** Functions that are used at the same time: each keeps its own keys and secrets. */
  processes: 30,
  /** Hours in which a process lives and is used. */
  hoursADay: 11,
};

/** A secret, or the table's key, is read again by each process after that time. */
const SECRET_MINUTES = 5;

export interface Line {
  what: string;
  requests: number;
  bill: Bill;
}

export function companyLines(measured: readonly RouteUsage[]): Line[] {
  const usageOf = (operationId: string, state: State) => {
    const found = measured.find((one) => one.route.operationId === operationId && one.state === state);
    if (found === undefined) throw new Error(`${operationId} was not measured ${state}`);
    return found.usage;
  };
  const opens = company.users * company.workingDays * habits.opensADay;
  const writes = company.users * company.workingDays * habits.writesADay;
  const overview = usageOf("getOverview", "live");
  // Among many processes a user is new to most.
  const { readUnits, writeUnits } = usageOf("getOverview", "new");
  const line = (what: string, requests: number, usage: Usage): Line => ({
    what,
    requests,
    bill: scaled(billOf(usage, tracedOf(requests / company.workingDays)), requests),
  });
  return [
    line("overview, live", opens * (1 - company.cached), { ...overview, readUnits, writeUnits }),
    line("overview, from the cache", opens * company.cached, usageOf("getOverview", "cached")),
    line("who the user is (`/v1/me`)", opens, usageOf("getMe", "table")),
    line("the app's new access token", opens, usageOf("putPerson", "write")),
    line("blocking a number", writes, usageOf("addBlockedNumber", "write")),
  ];
}

/** The requests of a day spread as the opens: the traced share differs by the hour. */
function tracedOf(requestsADay: number): number {
  return habits.day.reduce((sum, [, share]) => sum + share * tracedShare((requestsADay * share) / HOUR_S), 0);
}

/** CloudWatch keeps logs compressed, to about that part [AWS: the examples of its pricing page]. */
const LOG_COMPRESSION = 0.15;
const LOG_MONTHS = 3;

/** A month of the rest that grows with use. */
export function restOf(lines: readonly Line[]) {
  const logGb = lines.reduce((sum, { bill }) => sum + bill.logs, 0) / prices.logGb.usd;
  const { processes, hoursADay, workingDays, syncsADay } = company;
  const readings = (processes * hoursADay * workingDays * 60) / SECRET_MINUTES;
  // Three secrets a process: credentials, sealing keys, pseudonyms. A secret's read decrypts it once.
  const secretCalls = 3 * readings;
  const keyCalls = secretCalls + readings;
  const messages = 30 * syncsADay;
  return [
    { what: "Secrets Manager calls", usd: secretCalls * prices.secretCall.usd },
    { what: "KMS calls", usd: keyCalls * prices.keyCall.usd },
    // Lambda's five pollers ask an empty queue every 20 s.
    { what: "queue", usd: (3 * messages + (5 * 30 * 86_400) / 20) * prices.queueRequest.usd },
    // The growth has its size: this company stays below a gigabyte.
    { what: "table of 1 GB and its backup", usd: prices.tableGbMonth.usd + prices.tableBackupGbMonth.usd },
    { what: "stored logs", usd: logGb * LOG_MONTHS * LOG_COMPRESSION * prices.logStoredGbMonth.usd },
    { what: "schedules and events", usd: messages * (prices.scheduledCall.usd + prices.busEvent.usd) },
  ];
}
