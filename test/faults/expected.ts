import type { ProblemCode } from "../../lib/contract/problems.ts";
import { type FaultName, PENALTY_SECONDS, UNAVAILABLE_SECONDS } from "./faults.ts";
import type { Effect, RouteKind } from "./routes.ts";
import type { Payer } from "./world.ts";

/** What a caller gets: the response as without the fault, one kept from before, or a problem; of an overview also one in each part. */
export type Answer = "ok" | "kept" | ProblemCode | { parts: ProblemCode };

export interface Expected {
  answer: Answer;
  /** Operations sent to RingCentral's API, in any order. */
  calls: readonly string[];
  /** Calls of its token endpoint: log-ins of the service, or refreshes of the user's session. */
  tokenCalls: number;
  /** What RingCentral has of a write then. */
  effect: Effect;
  /** Seconds that the response asks to wait: at least and at most. Absent: it names none. */
  retryAfter?: readonly [number, number];
  /** The most requests after the fault until one succeeds, each after the wait that the last one asked for. */
  repeats: number;
}

type Row = Record<RouteKind, Expected>;
/** Those that need RingCentral to respond. */
type Calling = "list live" | "list stale" | "company live" | "overview" | Writing;
type Writing = "block" | "block, key" | "delete" | "change" | "change, moved";
type Apart = Exclude<RouteKind, Calling>;

/** The calls of each request without a fault: those of one line leave at once, each line after the one before. */
const plans: Record<RouteKind, readonly (readonly string[])[]> = {
  "list live": [["listBlockedNumbers"]],
  "list cached": [],
  "list stale": [["listBlockedNumbers"]],
  "company live": [["listCompanyNumbers"]],
  company: [],
  overview: [
    ["listBlockedNumbers", "listCallerBlockingNumbers", "listForwardingNumbers", "listExtensionPhoneNumbers"],
  ],
  block: [["addBlockedNumber"]],
  "block, key": [["addBlockedNumber"]],
  delete: [["deleteBlockedNumber"]],
  // The list shows whether the number is there; the last call, whether the extension has moved meanwhile.
  change: [
    ["listForwardingNumbers"],
    ["getForwardingNumber"],
    ["updateForwardingNumber"],
    ["readCallFlipNumbers"],
  ],
  // What is there is read at once; then each object just before it is written.
  "change, moved": [
    ["readCallFlipNumbers", "listStateRules", "listInteractionRules"],
    ["readCallFlipNumbers"],
    ["replaceCallFlipNumbers"],
    ["getStateRule"],
    ["updateStateRule"],
    ["getInteractionRule"],
    ["updateInteractionRule"],
  ],
  changes: [],
  "start sync": [],
  limits: [],
  health: [],
};

const whole = (kind: RouteKind): string[] => plans[kind].flat();
const times = (count: number, operations: readonly string[]): string[] =>
  Array.from({ length: count }, () => operations).flat();
/** The first calls of a request, each sent so often. */
const first = (kind: RouteKind, count = 1): string[] => times(count, plans[kind][0] ?? []);

const effectOf: Record<RouteKind, Effect> = {
  "list live": "none",
  "list cached": "none",
  "list stale": "none",
  "company live": "none",
  company: "none",
  overview: "none",
  block: "done",
  "block, key": "done",
  delete: "done",
  change: "done",
  "change, moved": "done",
  changes: "none",
  "start sync": "done",
  limits: "none",
  health: "none",
};

/** Answers that come from before without any fault. */
const kept: ReadonlySet<RouteKind> = new Set<RouteKind>(["list cached", "company", "changes"]);

type Details = Partial<Omit<Expected, "answer" | "calls">>;
const served = (kind: RouteKind, details: Details & { calls?: readonly string[] } = {}): Expected => ({
  answer: kept.has(kind) && details.calls === undefined ? "kept" : "ok",
  calls: whole(kind),
  tokenCalls: 0,
  effect: effectOf[kind],
  repeats: 1,
  ...details,
});
const answered = (answer: Answer, calls: readonly string[], details: Details = {}): Expected => ({
  answer,
  calls,
  tokenCalls: 0,
  effect: "none",
  repeats: 1,
  ...details,
});

const apart: Record<Apart, Expected> = {
  "list cached": served("list cached"),
  company: served("company"),
  changes: served("changes"),
  "start sync": served("start sync"),
  limits: served("limits"),
  health: served("health"),
};

const calling: Record<Calling, Expected> = {
  "list live": served("list live"),
  "list stale": served("list stale"),
  "company live": served("company live"),
  overview: served("overview"),
  block: served("block"),
  "block, key": served("block, key"),
  delete: served("delete"),
  change: served("change"),
  "change, moved": served("change, moved"),
};
const nothingHappens: Row = { ...apart, ...calling };

/** How every call of RingCentral's API fails. */
interface CallFailure {
  problem: ProblemCode;
  /** How often a read is sent. */
  attempts: number;
  /** Seconds to wait that the problem states, if it states any. */
  retryAfter?: readonly [number, number];
  /** RingCentral has rejected the call: a write has had no effect, and needs no search for it. */
  isVerdict?: true;
  /** It has processed the call. */
  isProcessed?: true;
  /** A kept response does not stand in. */
  isLasting?: true;
  /** How often the search for a write's effect is sent; as other reads, unless given. */
  looks?: number;
  tokenCalls?: number;
}

/** In this time a write whose outcome is unknown may take effect; a request with its key is not sent again before. */
const REPEATS_WITHIN_TWO_MINUTES = 10;
const look = ["listBlockedNumbers"];
/** The most looks for the effect of a write, over five seconds. */
const LOOKS = 4;

/**
 * Reads are repeated as long as that helps, then a kept response stands in, unless a live one was asked for. A write is sent
 * once; unless the response is a verdict, its effect is looked for, and not found, because that call fails too.
 */
function callsFail(failure: CallFailure): Record<Calling, Expected> {
  const {
    problem,
    attempts,
    looks = attempts,
    retryAfter,
    isVerdict,
    isProcessed,
    isLasting,
    tokenCalls = 0,
  } = failure;
  const wait = { tokenCalls, ...(retryAfter !== undefined && { retryAfter }) };
  const read = (kind: RouteKind) => answered(problem, first(kind, attempts), wait);
  const orKept = (kind: RouteKind) => (isLasting ? read(kind) : answered("kept", first(kind, attempts)));
  const effect = isProcessed ? "done" : "none";
  const unknown = { effect, retryAfter: retryAfter ?? [5, 5] } as const;
  const keyed = { ...unknown, retryAfter: retryAfter ?? [2, 30] } as const;
  const writes: Record<"block" | "block, key" | "delete", Expected> = isVerdict
    ? { block: read("block"), "block, key": read("block, key"), delete: read("delete") }
    : {
        block: answered("outcome_unknown", [...first("block"), ...times(looks, look)], unknown),
        "block, key": answered("outcome_unknown", [...first("block, key"), ...times(looks, look)], {
          ...keyed,
          repeats: isProcessed ? 1 : REPEATS_WITHIN_TWO_MINUTES,
        }),
        // A removal may be sent twice.
        delete: answered("outcome_unknown", first("delete", 2), unknown),
      };
  return {
    "list live": read("list live"),
    "list stale": orKept("list stale"),
    "company live": orKept("company live"),
    overview: answered({ parts: problem }, first("overview", attempts), { tokenCalls }),
    ...writes,
    // What is there cannot be read, so nothing is written.
    change: read("change"),
    "change, moved": read("change, moved"),
  };
}

/** Each call is rejected for its token once; the token is replaced by so many calls of the token endpoint. */
function withNewToken(tokenCalls: number): Row {
  const again = (kind: RouteKind) => served(kind, { calls: [...first(kind), ...whole(kind)], tokenCalls });
  return {
    ...apart,
    "list live": again("list live"),
    "list stale": again("list stale"),
    "company live": again("company live"),
    overview: again("overview"),
    block: again("block"),
    "block, key": again("block, key"),
    delete: again("delete"),
    change: again("change"),
    "change, moved": again("change, moved"),
  };
}

/** Every request that needs a caller gets this problem before anything is sent. */
function refused(problem: ProblemCode, retryAfter?: number): Row {
  const no = answered(problem, [], retryAfter === undefined ? {} : { retryAfter: [retryAfter, retryAfter] });
  return {
    "list live": no,
    "list cached": no,
    "list stale": no,
    "company live": no,
    company: no,
    overview: no,
    block: no,
    "block, key": no,
    delete: no,
    change: no,
    "change, moved": no,
    changes: no,
    "start sync": no,
    limits: no,
    health: served("health"),
  };
}

/** So much time has passed that the cached list is not fresh any more. */
const later: Row = { ...nothingHappens, "list cached": served("list cached", { calls: first("list live") }) };

/** And the process asks again whether the extension has moved. */
const afterTenMinutes: Row = {
  ...later,
  overview: served("overview", { calls: [...whole("overview"), "readCallFlipNumbers"] }),
  change: served("change", { calls: [...whole("change"), "readCallFlipNumbers"] }),
};

const noTable = answered("storage_unavailable", [], { retryAfter: [1, 2] });
/** One call at a time leaves without the table, as long as the request waits for it: it is tried after 0.2 s and after 0.4 s more. */
const withoutTableParts = ["listBlockedNumbers", "listCallerBlockingNumbers", "listForwardingNumbers"];
/** Where the forwarding numbers have to wait for the record of their backend, the direct numbers leave before them. */
const withoutBackendParts = ["listBlockedNumbers", "listCallerBlockingNumbers", "listExtensionPhoneNumbers"];
/** A process with a token calls RingCentral within its part of the budgets; what only the table has is not served. */
const withoutTable: Row = {
  ...nothingHappens,
  "list cached": served("list cached", { calls: first("list live") }),
  company: served("company", { calls: first("company live") }),
  overview: answered({ parts: "storage_unavailable" }, withoutTableParts),
  "block, key": noTable,
  "change, moved": noTable,
  changes: noTable,
  "start sync": noTable,
  // Each process tells what it knows itself.
  limits: served("limits"),
};

const rateLimited = (atLeast: number, atMost: number): CallFailure => ({
  problem: "upstream_rate_limited",
  attempts: 1,
  retryAfter: [atLeast, atMost],
  isVerdict: true,
});
const overloaded = (atLeast: number): CallFailure => ({
  problem: "upstream_unavailable",
  // The wait that it asks for is longer than the request may take.
  attempts: 1,
  retryAfter: [atLeast, UNAVAILABLE_SECONDS],
});
const broken: CallFailure = { problem: "upstream_error", attempts: 3 };
/** A whole response that cannot be read: another would be the same. */
const unreadable: CallFailure = { problem: "upstream_error", attempts: 1, isProcessed: true };
/** Without a body there is nothing to misread. */
const emptyResponse = { delete: served("delete") };
const limited = (kind: RouteKind, calls = first(kind)) =>
  answered("upstream_limited_mode", calls, { retryAfter: [12, 12] });
const lostRace = answered("upstream_rate_limited", [], { retryAfter: [1, 60] });

/** Where a user's own session makes the difference. */
const expectedOfOwn: { readonly [Name in FaultName]?: Row } = {
  "session ended": {
    ...apart,
    ...callsFail({
      problem: "sign_in_required",
      attempts: 1,
      isVerdict: true,
      isLasting: true,
      tokenCalls: 1,
    }),
    overview: answered("sign_in_required", first("overview"), { tokenCalls: 1 }),
  },
};

const expected: Record<FaultName, Row> = {
  "429 with headers": { ...apart, ...callsFail(rateLimited(PENALTY_SECONDS, PENALTY_SECONDS + 2)) },
  // RingCentral's guide asks for 30 s at least, and says that a penalty lasts a minute.
  "429 bare": { ...apart, ...callsFail(rateLimited(30, PENALTY_SECONDS + 2)) },
  "status 500": { ...apart, ...callsFail(broken) },
  "status 502": { ...apart, ...callsFail(broken) },
  "503 seconds": { ...apart, ...callsFail(overloaded(UNAVAILABLE_SECONDS)) },
  // A date has whole seconds.
  "503 date": { ...apart, ...callsFail(overloaded(UNAVAILABLE_SECONDS - 1)) },
  // RingCentral serves reads then, but not those of its new call handling.
  "limited mode": {
    ...nothingHappens,
    block: limited("block"),
    "block, key": limited("block, key"),
    delete: limited("delete"),
    change: limited("change", ["listForwardingNumbers", "getForwardingNumber", "updateForwardingNumber"]),
    "change, moved": limited("change, moved"),
  },
  "reset before": { ...apart, ...callsFail(broken) },
  "reset within": { ...apart, ...callsFail({ ...broken, isProcessed: true }) },
  "lost once": {
    ...nothingHappens,
    block: served("block", { calls: [...whole("block"), ...look] }),
    "block, key": served("block, key", { calls: [...whole("block, key"), ...look] }),
    delete: served("delete", { calls: first("delete", 2) }),
    change: served("change", { calls: [...whole("change"), "getForwardingNumber"] }),
    "change, moved": served("change, moved", { calls: [...whole("change, moved"), "readCallFlipNumbers"] }),
  },
  // A kept connection may be dead, so a read is sent once more on another; a POST is looked for, and not found.
  "silent once": {
    ...nothingHappens,
    "list live": served("list live", { calls: first("list live", 2) }),
    "list stale": answered("kept", first("list stale")),
    "company live": answered("kept", first("company live")),
    overview: served("overview", { calls: [...whole("overview"), "listBlockedNumbers"] }),
    block: answered("outcome_unknown", [...first("block"), ...times(LOOKS, look)], { retryAfter: [5, 5] }),
    "block, key": answered("outcome_unknown", [...first("block, key"), ...times(LOOKS, look)], {
      retryAfter: [2, 30],
      repeats: REPEATS_WITHIN_TWO_MINUTES,
    }),
    delete: served("delete", { calls: first("delete", 2) }),
    change: served("change", { calls: [...first("change"), ...whole("change")] }),
    "change, moved": served("change, moved", { calls: ["readCallFlipNumbers", ...whole("change, moved")] }),
  },
  "slow body": {
    ...apart,
    ...callsFail({ problem: "upstream_timeout", attempts: 2, looks: 1, isProcessed: true }),
    // Theirs are new, after more than ten seconds without a call.
    "list stale": answered("kept", first("list stale")),
    "company live": answered("kept", first("company live")),
  },
  "cut JSON": { ...apart, ...callsFail(unreadable), ...emptyResponse },
  "wrong type": { ...apart, ...callsFail(unreadable), ...emptyResponse },
  "invalid UTF-8": { ...apart, ...callsFail(unreadable), ...emptyResponse },
  "no gzip": { ...apart, ...callsFail({ ...broken, isProcessed: true }), ...emptyResponse },
  "401 for good": {
    ...apart,
    ...callsFail({
      problem: "upstream_auth_failed",
      attempts: 2,
      isVerdict: true,
      isLasting: true,
      tokenCalls: 1,
    }),
  },
  "token expired": withNewToken(1),
  "session ended": withNewToken(1),
  // The former secret is rejected, the next one is read.
  "secret rotated": {
    ...withNewToken(2),
    // Ten minutes later the process reads the secret again before it uses it.
    "list stale": { ...withNewToken(1)["list stale"] },
  },
  "secrets throttled": refused("credentials_unavailable", 5),
  "secrets denied": refused("configuration_invalid", 60),
  "secrets slow": nothingHappens,
  "secrets silent": refused("credentials_unavailable", 5),
  "secrets away, warm": later,
  "table throttled": {
    ...withoutTable,
    overview: answered({ parts: "storage_unavailable" }, withoutTableParts.slice(0, 2)),
    // Its lease takes the time that the request may wait for the table.
    change: noTable,
  },
  "table away": {
    ...withoutTable,
    overview: answered({ parts: "storage_unavailable" }, withoutBackendParts),
  },
  "table away, cold": {
    ...refused("storage_unavailable", 2),
    overview: answered({ parts: "storage_unavailable" }, []),
    limits: served("limits"),
  },
  // The process finds out within half a second that the table is away, but the cache and the snapshot take that time.
  "table silent": {
    ...withoutTable,
    "list cached": noTable,
    "list stale": noTable,
    "company live": noTable,
    company: noTable,
    change: noTable,
  },
  "table slow": {
    ...nothingHappens,
    // It needs the table a dozen times in turn, and a request waits 1.2 s for it in all.
    "change, moved": answered("storage_unavailable", first("change, moved"), { retryAfter: [2, 2] }),
  },
  "lost races": {
    ...apart,
    "list live": lostRace,
    "list stale": answered("kept", []),
    "company live": answered("kept", []),
    overview: answered({ parts: "upstream_rate_limited" }, []),
    block: lostRace,
    "block, key": lostRace,
    delete: lostRace,
    change: lostRace,
    "change, moved": lostRace,
  },
  // Another process has read its keys, and the table tells them.
  "issuer away, cold": nothingHappens,
  "issuer away, first": refused("token_issuer_unavailable", 5),
  "issuer away, warm": nothingHappens,
  // It is asked again after half a minute, as known keys serve.
  "issuer away, new key": refused("token_issuer_unavailable", 30),
  "new key": later,
  "queue away": {
    ...nothingHappens,
    "start sync": answered("queue_unavailable", [], { retryAfter: [5, 5] }),
  },
  "frozen, reset": afterTenMinutes,
  "frozen, silent": afterTenMinutes,
  "clock +2 s": nothingHappens,
  "clock -2 s": nothingHappens,
  "clock +5 min": later,
  // By that clock the token is not valid yet.
  "clock -5 min": refused("token_invalid"),
};

export const expectationOf = (fault: FaultName, kind: RouteKind, payer: Payer): Expected =>
  ((payer === "own" && expectedOfOwn[fault]) || expected[fault])[kind];
