import { describe, expect, it } from "vitest";
import { SecretUnavailableError } from "../../../lib/platform/credentials.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { ConfigurationError } from "../../../lib/platform/settings.ts";
import { RingCentralError } from "../../../lib/ringcentral/api/errors.ts";
import type { CallContext } from "../../../lib/ringcentral/api/operation.ts";
import {
  addBlockedNumber,
  addForwardingNumber,
  deleteForwardingNumber,
  listBlockedNumbers,
  listCompanyNumbers,
  listForwardingNumbers,
  updateForwardingNumber,
} from "../../../lib/ringcentral/api/operations.ts";
import type { AccessToken, TokenSource } from "../../../lib/ringcentral/auth/ports.ts";
import { createRingCentral } from "../../../lib/ringcentral/client.ts";
import type { HttpRequest, HttpResponse } from "../../../lib/ringcentral/http/transport.ts";
import type {
  AdmissionRequest,
  Observation,
  RateLimiter,
} from "../../../lib/ringcentral/rate-limit/ports.ts";
import { captureLog } from "../../support/capture-log.ts";
import { leapingClock } from "../../support/manual-clock.ts";

const SERVER = "https://platform.ringcentral.com";
const EXTENSION = { extensionId: "3800222" };
const ENTRY = { ...EXTENSION, forwardingNumberId: "712000" };

type Step = HttpResponse | RingCentralError;

function response(status: number, body: unknown = {}, headers: Record<string, string> = {}): HttpResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: { "content-type": "application/json", ...headers }, body: text };
}

function rejection(status: number, errorCode: string, headers: Record<string, string> = {}): HttpResponse {
  return response(status, { errorCode, errors: [{ errorCode }] }, headers);
}

const good = response(200, { records: [], paging: { page: 1, perPage: 100 }, navigation: {} });
const record = response(200, { id: "712000", phoneNumber: "+13125550188" });
const reset = new RingCentralError({ kind: "bad_response", operation: "op", mayHaveTakenEffect: true });
const connectionRefused = new RingCentralError({
  kind: "unavailable",
  operation: "op",
  mayHaveTakenEffect: false,
});
const timedOut = new RingCentralError({ kind: "timeout", operation: "op", mayHaveTakenEffect: true });

/** A client whose upstream plays the given steps, one per exchange, and records what happens. */
function setUp(
  steps: Step[],
  options: { tokens?: Partial<TokenSource>; rateLimiter?: Partial<RateLimiter>; random?: number } = {},
) {
  const clock = leapingClock();
  const { log, lines, text } = captureLog();
  const sent: HttpRequest[] = [];
  const admitted: AdmissionRequest[] = [];
  const observed: Observation[] = [];
  const released: boolean[] = [];
  const rejected: AccessToken[] = [];
  let generation = 1;
  const client = createRingCentral({
    clock,
    random: () => options.random ?? 0.5,
    tokens: {
      get: async () => ({
        value: `SIM-at-${generation}`,
        generation,
        expiresAt: clock.now() + 3_600_000,
        server: SERVER,
      }),
      reject: (token) => {
        rejected.push(token);
        generation += 1;
      },
      ...options.tokens,
    },
    rateLimiter: {
      admit: async (request) => {
        admitted.push(request);
        return {
          observe: async (observation) => void observed.push(observation),
          release: async (wasSent) => void released.push(wasSent),
        };
      },
      ...options.rateLimiter,
    },
    transport: {
      send: async (request) => {
        sent.push(request);
        const step = steps[sent.length - 1];
        if (step === undefined) throw new Error("one exchange too many");
        if (step instanceof RingCentralError) throw step;
        return step;
      },
    },
  });
  const context = (more: Partial<CallContext> = {}): CallContext => ({
    accountId: "3700111",
    deadline: deadlineIn(20_000, clock),
    requestId: "ours-1",
    log,
    ...more,
  });
  return { client, clock, context, sent, admitted, observed, released, rejected, lines, text };
}

async function failureOf(pending: Promise<unknown>) {
  const error = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RingCentralError)) throw new Error(`expected a RingCentralError, got ${error}`);
  return error.failure;
}

describe("a call", () => {
  it("sends the operation's method, path and body with a bearer token, and parses the response", async () => {
    const { client, context, sent } = setUp([record]);
    const body = { phoneNumber: "+13125550188", flipNumber: 2 };
    const output = await client.call(addForwardingNumber, { path: EXTENSION, body }, context());
    expect(output).toMatchObject({ id: "712000", phoneNumber: "+13125550188", type: "Other", features: [] });
    const { url, method, headers, body: text } = sent[0] ?? {};
    expect(url?.href).toBe(`${SERVER}/restapi/v1.0/account/3700111/extension/3800222/forwarding-number`);
    expect({ method, headers, text }).toEqual({
      method: "POST",
      headers: { authorization: "Bearer SIM-at-1", "content-type": "application/json" },
      text: JSON.stringify(body),
    });
  });

  it("has no body and no content type on a read", async () => {
    const { client, context, sent } = setUp([good]);
    await client.call(listForwardingNumbers, { path: EXTENSION, query: { page: 1 } }, context());
    expect(sent[0]?.body).toBeUndefined();
    expect(sent[0]?.headers).toEqual({ authorization: "Bearer SIM-at-1" });
  });

  it("has no result for an operation without a body, whatever the response", async () => {
    for (const step of [response(204, ""), response(200, "<html>")]) {
      const { client, context } = setUp([step]);
      expect(await client.call(deleteForwardingNumber, { path: ENTRY }, context())).toBeUndefined();
    }
  });

  it("is admitted in its documented group and priority, for its route", async () => {
    const { client, context, admitted } = setUp([good]);
    const call = context({ priority: "sync", route: "listPhoneNumbers" });
    await client.call(listCompanyNumbers, {}, call);
    expect(admitted).toEqual([
      {
        group: "heavy",
        priority: "sync",
        deadline: call.deadline,
        operation: "listCompanyNumbers",
        route: "listPhoneNumbers",
      },
    ]);
  });

  it("counts in the caller's share, which stops no look for a write that the request has sent", async () => {
    const { client, context, admitted } = setUp([good, record, good]);
    const call = context({ spender: { caller: "abc" }, fresh: true });
    const list = { path: { extensionId: "3800222" } };
    await client.call(listBlockedNumbers, list, { ...call });
    const body = { phoneNumber: "+13125550188" };
    await client.call(addBlockedNumber, { ...list, body }, { ...call, fresh: false });
    await client.call(listBlockedNumbers, list, { ...call });
    expect(admitted.map(({ spender, isDue }) => [spender?.caller, isDue])).toEqual([
      ["abc", undefined],
      ["abc", undefined],
      ["abc", true],
    ]);
  });

  it("tells the edge whose share is used up", async () => {
    const share = { of: "caller", group: "light", limit: 29, windowSeconds: 60 } as const;
    const failure = {
      kind: "rate_limited",
      operation: "op",
      retryAfterMs: 2_100,
      share,
      mayHaveTakenEffect: false,
    } as const;
    const { client, context } = setUp([], {
      rateLimiter: { admit: () => Promise.reject(new RingCentralError(failure)) },
    });
    const budgets: unknown[] = [];
    const call = context({ onBudget: (budget) => budgets.push(budget) });
    await expect(client.call(listCompanyNumbers, {}, call)).rejects.toMatchObject({ failure });
    expect(budgets).toEqual([
      { group: "light-caller", limit: 29, remaining: 0, windowSeconds: 60, resetSeconds: 3 },
    ]);
  });

  it("reports the response's budget headers to the rate limiter", async () => {
    const rates = {
      "x-rate-limit-group": "light",
      "x-rate-limit-limit": "50",
      "x-rate-limit-remaining": "49",
      "x-rate-limit-window": "60",
    };
    const { client, context, observed } = setUp([response(200, { records: [] }, rates)]);
    await client.call(listForwardingNumbers, { path: EXTENSION }, context());
    expect(observed).toEqual([
      { group: "light", status: 200, limit: 50, remaining: 49, windowSeconds: 60, withoutHeaders: false },
    ]);
  });

  it("succeeds although the rate limiter cannot record the response", async () => {
    const { client, context, text } = setUp([record], {
      rateLimiter: {
        admit: async () => ({
          observe: () => Promise.reject(new Error("table gone")),
          release: () => Promise.reject(new Error("table gone")),
        }),
      },
    });
    const output = await client.call(updateForwardingNumber, { path: ENTRY, body: {} }, context());
    expect(output.id).toBe("712000");
    expect(text()).toContain("could not record the outcome of a call");
  });

  it("is not sent with an invalid id", async () => {
    const { client, context, sent, admitted } = setUp([good]);
    const input = { path: { extensionId: "1,2" } };
    await expect(client.call(listForwardingNumbers, input, context())).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
    expect(admitted).toEqual([]);
  });
});

describe("retries", () => {
  const read = (world: ReturnType<typeof setUp>) =>
    world.client.call(listForwardingNumbers, { path: EXTENSION }, world.context());

  it.each([
    ["500", response(500)],
    ["500 with CMN-201", rejection(500, "CMN-201")],
    ["502 with HTML", response(502, "<html>")],
    ["503", response(503)],
    ["504", response(504)],
    ["a reset", reset],
    ["a refused connection", connectionRefused],
  ])("repeat a read after %s, at most twice, each attempt with its own permit", async (_, step) => {
    const once = setUp([step, good]);
    await read(once);
    expect(once.sent).toHaveLength(2);

    const always = setUp([step, step, step]);
    await failureOf(read(always));
    expect(always.sent).toHaveLength(3);
    expect(always.admitted).toHaveLength(3);
    expect(always.observed.length + always.released.length).toBe(3);
  });

  it.each([
    ["400", rejection(400, "CMN-101")],
    ["403", rejection(403, "CMN-408")],
    ["404", rejection(404, "CMN-102")],
    ["501", rejection(501, "CMN-202")],
    ["429", rejection(429, "CMN-301", { "retry-after": "1" })],
    ["CMN-304", rejection(429, "CMN-304")],
    ["a timeout", timedOut],
    ["a 200 that is not JSON", response(200, "<html>")],
    ["a 200 of another shape", response(200, { hello: 1 })],
  ])("do not repeat a read after %s", async (_, step) => {
    const world = setUp([step]);
    await failureOf(read(world));
    expect(world.sent).toHaveLength(1);
  });

  it("repeat a read once more after a kept connection stayed silent, while there is time", async () => {
    const silent = new RingCentralError({ ...timedOut.failure, wasKeptConnection: true });
    const world = setUp([silent, good]);
    await read(world);
    expect(world.sent).toHaveLength(2);
    const late = setUp([new RingCentralError({ ...silent.failure, deadlineExceeded: true })]);
    const context = { ...late.context(), deadline: deadlineIn(900, late.clock, 0) };
    await failureOf(late.client.call(listForwardingNumbers, { path: EXTENSION }, context));
    expect(late.sent).toHaveLength(1);
  });

  it.each([addForwardingNumber, updateForwardingNumber, deleteForwardingNumber])(
    "never repeat a write: $method",
    async (operation) => {
      for (const step of [
        response(500),
        response(503, {}, { "retry-after": "1" }),
        reset,
        connectionRefused,
        timedOut,
        new RingCentralError({ ...timedOut.failure, wasKeptConnection: true }),
      ]) {
        const world = setUp([step]);
        await failureOf(world.client.call<unknown>(operation, { path: ENTRY, body: {} }, world.context()));
        expect(world.sent).toHaveLength(1);
      }
    },
  );

  it("wait with full jitter, longer the second time", async () => {
    const world = setUp([reset, reset, good], { random: 0.999 });
    await read(world);
    expect(world.clock.slept).toEqual([199, 399]);
    const eager = setUp([reset, good], { random: 0 });
    await read(eager);
    expect(eager.clock.slept).toEqual([0]);
  });

  it("wait for the stated Retry-After when that leaves room for another attempt", async () => {
    const world = setUp([response(503, {}, { "retry-after": "5" }), good], { random: 0 });
    await read(world);
    expect(world.clock.slept).toEqual([5_000]);
  });

  it("do not wait when that leaves no room, and pass the time on", async () => {
    const world = setUp([response(503, {}, { "retry-after": "60" })]);
    const failure = await failureOf(read(world));
    expect(failure).toMatchObject({ kind: "unavailable", retryAfterMs: 60_000 });
    expect(world.clock.slept).toEqual([]);
  });

  it("do not repeat when there is no time for another attempt", async () => {
    const world = setUp([reset]);
    const context = world.context({ deadline: deadlineIn(900, world.clock, 0) });
    await failureOf(world.client.call(listForwardingNumbers, { path: EXTENSION }, context));
    expect(world.sent).toHaveLength(1);
  });

  it("stop at a 429", async () => {
    const world = setUp([reset, rejection(429, "CMN-301", { "retry-after": "60" })]);
    expect(await failureOf(read(world))).toMatchObject({ kind: "rate_limited", retryAfterMs: 60_000 });
    expect(world.sent).toHaveLength(2);
  });
});

describe("a token that RingCentral rejects", () => {
  const dead = ["OAU-128", "OAU-129", "OAU-149", "OAU-213", "AGW-402", "CMN-405", "OAU-151"];

  it.each(dead)("%s: is rejected, and the call is repeated once with a new one", async (code) => {
    const body = { errorCode: "TokenInvalid", errors: [{ errorCode: code }] };
    const { client, context, sent, rejected } = setUp([response(401, body), good]);
    await client.call(listForwardingNumbers, { path: EXTENSION }, context());
    expect(rejected.map(({ generation }) => generation)).toEqual([1]);
    expect(sent.map(({ headers }) => headers.authorization)).toEqual(["Bearer SIM-at-1", "Bearer SIM-at-2"]);
  });

  it("makes a write repeat once too: rejected means not done", async () => {
    const { client, context, sent, admitted } = setUp([rejection(401, "OAU-213"), record]);
    await client.call(addForwardingNumber, { path: EXTENSION, body: {} }, context());
    expect(sent).toHaveLength(2);
    expect(admitted).toHaveLength(2);
  });

  it("twice gives kind auth, and no third attempt", async () => {
    const { client, context, sent, rejected } = setUp([rejection(401, "OAU-213"), rejection(401, "OAU-129")]);
    const failure = await failureOf(client.call(listForwardingNumbers, { path: EXTENSION }, context()));
    expect(failure).toMatchObject({
      kind: "auth",
      status: 401,
      errorCode: "OAU-129",
      mayHaveTakenEffect: false,
    });
    expect(sent).toHaveLength(2);
    expect(rejected).toHaveLength(1);
  });

  it("is rejected even when the 401 is a page of HTML", async () => {
    const { client, context } = setUp([response(401, "<html>"), response(401, "<html>")]);
    const failure = await failureOf(client.call(listForwardingNumbers, { path: EXTENSION }, context()));
    expect(failure.kind).toBe("auth");
  });

  it("does not use up the retries of a read", async () => {
    const { client, context, sent } = setUp([reset, rejection(401, "OAU-213"), reset, good]);
    await client.call(listForwardingNumbers, { path: EXTENSION }, context());
    expect(sent).toHaveLength(4);
  });
});

describe("a 429", () => {
  const read = (world: ReturnType<typeof setUp>) =>
    world.client.call(listForwardingNumbers, { path: EXTENSION }, world.context());

  it("is reported to the rate limiter with its time and group", async () => {
    const headers = { "x-rate-limit-group": "Light", "x-rate-limit-window": "60", "retry-after": "42" };
    const world = setUp([rejection(429, "CMN-301", headers)]);
    await failureOf(read(world));
    expect(world.observed).toEqual([
      {
        group: "light",
        status: 429,
        windowSeconds: 60,
        retryAfterMs: 42_000,
        withoutHeaders: false,
        errorCode: "CMN-301",
      },
    ]);
  });

  it("without rate headers belongs to a wider limit", async () => {
    const world = setUp([rejection(429, "CMN-310")]);
    expect(await failureOf(read(world))).toMatchObject({ kind: "rate_limited", retryAfterMs: 30_000 });
    expect(world.observed[0]).toMatchObject({ group: "light", withoutHeaders: true, retryAfterMs: 30_000 });
  });

  it("with CMN-304 is about this write, not about the budget", async () => {
    const world = setUp([rejection(429, "CMN-304")]);
    const write = world.client.call(addForwardingNumber, { path: EXTENSION, body: {} }, world.context());
    expect(await failureOf(write)).toMatchObject({
      kind: "rejected",
      errorCode: "CMN-304",
      mayHaveTakenEffect: true,
    });
    expect(world.observed[0]).toMatchObject({ errorCode: "CMN-304", withoutHeaders: false });
  });
});

describe("before a request is sent", () => {
  it("a rejection by the rate limiter fails the call", async () => {
    const paused = new RingCentralError({
      kind: "rate_limited",
      operation: "listForwardingNumbers",
      retryAfterMs: 7_000,
      mayHaveTakenEffect: false,
    });
    const { client, context, sent } = setUp([good], { rateLimiter: { admit: () => Promise.reject(paused) } });
    const failure = await failureOf(client.call(listForwardingNumbers, { path: EXTENSION }, context()));
    expect(failure).toMatchObject({
      kind: "rate_limited",
      operation: "listForwardingNumbers",
      retryAfterMs: 7_000,
    });
    expect(sent).toEqual([]);
  });

  it("a failed login takes no permit", async () => {
    const failed = new RingCentralError({ kind: "auth", operation: "login", mayHaveTakenEffect: false });
    const { client, context, admitted } = setUp([good], {
      tokens: { get: () => Promise.reject(failed) },
    });
    const failure = await failureOf(client.call(listForwardingNumbers, { path: EXTENSION }, context()));
    expect(failure.kind).toBe("auth");
    expect(admitted).toEqual([]);
  });

  it("a configuration error stays one, and an unreachable Secrets Manager means that the credentials are away", async () => {
    const call = (error: Error) => {
      const { client, context } = setUp([good], { tokens: { get: () => Promise.reject(error) } });
      return client.call(listForwardingNumbers, { path: EXTENSION }, context());
    };
    await expect(call(new ConfigurationError("secret field jwt", "is missing"))).rejects.toThrow(
      ConfigurationError,
    );
    expect(await failureOf(call(new SecretUnavailableError()))).toMatchObject({
      kind: "credentials",
      operation: "listForwardingNumbers",
      mayHaveTakenEffect: false,
    });
  });

  it("the permit records whether RingCentral may have counted the request", async () => {
    const world = setUp([connectionRefused, reset, timedOut]);
    await failureOf(world.client.call(listForwardingNumbers, { path: EXTENSION }, world.context()));
    expect(world.released).toEqual([false, true, true]);
  });
});

describe("the log", () => {
  it("has one line per exchange, with the fields that support needs", async () => {
    const world = setUp([
      rejection(500, "CMN-203", { rcrequestid: "r-1" }),
      response(200, { records: [] }, { rcrequestid: "r-2" }),
    ]);
    await world.client.call(listForwardingNumbers, { path: EXTENSION }, world.context());
    const common = { operation: "listForwardingNumbers", group: "light", durationMs: 0 };
    expect(world.lines()).toMatchObject([
      {
        ...common,
        level: "warn",
        attempt: 1,
        status: 500,
        rcRequestId: "r-1",
        errorCode: "CMN-203",
        kind: "bad_response",
      },
      { ...common, level: "info", attempt: 2, status: 200, rcRequestId: "r-2" },
    ]);
  });

  it("holds no address, no token, no body", async () => {
    const body = { errorCode: "CMN-101", errors: [{ errorCode: "CMN-101", parameterValue: "+13125550188" }] };
    const world = setUp([response(400, body)]);
    const input = { path: EXTENSION, body: { phoneNumber: "+13125550188" } };
    await failureOf(world.client.call(addForwardingNumber, input, world.context()));
    for (const secret of ["3125550188", "SIM-at", "3800222", "restapi"])
      expect(world.text()).not.toContain(secret);
  });

  it("reports the number of unreadable records", async () => {
    const world = setUp([response(200, { records: [{ id: "1" }, { phoneNumber: "+13125550188" }] })]);
    const list = await world.client.call(listForwardingNumbers, { path: EXTENSION }, world.context());
    expect(list.records).toHaveLength(1);
    expect(world.lines()).toContainEqual(expect.objectContaining({ level: "warn", skippedRecords: 1 }));
  });
});
