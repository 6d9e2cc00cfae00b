import type { ForwardingNumber } from "../../lib/contract/forwarding-numbers.ts";
import type { Page } from "../../lib/contract/paging.ts";
import { ProblemError } from "../../lib/contract/problems.ts";
import { OutcomeUnknown, type WriteStep } from "../../lib/contract/write-outcome.ts";
import { withIdempotency } from "../../lib/http/idempotency/with-idempotency.ts";
import type { HttpResponse as ApiResponse } from "../../lib/http/response.ts";
import { listForwardingNumbers } from "../../lib/numbers/forwarding/read.ts";
import {
  addForwardingNumber,
  deleteForwardingNumber,
  updateForwardingNumber,
} from "../../lib/numbers/forwarding/write.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { outOfTime, RingCentralError, type RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import type { CallContext } from "../../lib/ringcentral/api/operation.ts";
import type { AccessToken, TokenSource } from "../../lib/ringcentral/auth/ports.ts";
import { createRingCentral } from "../../lib/ringcentral/client.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../lib/ringcentral/http/transport.ts";
import type { RateLimiter } from "../../lib/ringcentral/rate-limit/ports.ts";
import { createTableWait } from "../../lib/storage/table-wait.ts";
import { brokenRules, visibleRules } from "../support/call-handling-truth.ts";
import { createMemoryRecordStore, overNetwork } from "../support/memory-record-store.ts";
import type { Instance, Outcome, Schedule } from "../support/schedule.ts";
import { addUnknownTypes } from "../twin/data/unknown-types.ts";
import { createInProcessTwin, SEED, type Settings } from "../twin/twin.ts";
import { createLedger, type Readings } from "./forwarding-ledger.ts";

const INVOCATION_MS = 15_000;
const ATTEMPT_MS = 8_000;
const EXTENSION = SEED.extensionId;

export type Backend = "legacy" | "new" | "moving";

/** The body of an addition or of a change. */
export interface Intent {
  phoneNumber?: string;
  label?: string;
  flipNumber?: number;
  rules?: string[];
}

/** One extension on the twin, and the processes that serve its forwarding numbers through the real client. */
export function createForwardingWorld(
  schedule: Schedule,
  backend: Backend,
  ownNumbers: readonly string[],
  settings: Partial<Omit<Settings, "limits">> = {},
  {
    refusesFeatures = false,
    onLateLoss,
  }: {
    /** The user of the service may not ask for the features. */
    refusesFeatures?: boolean;
    /** Writes of the new backend may take effect minutes late. Called with each outside change that one undoes. */
    onLateLoss?: ((change: string) => void) | undefined;
  } = {},
) {
  const { chance, between } = schedule;
  const { twin, serve } = createInProcessTwin({
    numbers: 0,
    clock: schedule.clock,
    limits: false,
    callHandling: backend === "new" ? "new" : "legacy",
    ...settings,
  });
  const extension = twin.extension(EXTENSION);
  const records = createMemoryRecordStore();
  const ledger = createLedger(schedule, ownNumbers, (...event) => world.onOutsideEdit(...event));
  const key = new Uint8Array(32);
  const broken = new Set<string>();
  let hasMoved = false;
  let unknownAtMove: string[] = [];
  /** The rules that a body may name. */
  const rules =
    backend === "new"
      ? ["work-hours", "after-hours", ...(extension.callHandling?.interactionRules ?? []).map(({ id }) => id)]
      : [];
  const world = {
    rules,
    twin,
    extension,
    ledger,
    broken,
    isCalm: false,
    /** Another app removes one of our callers' numbers, or a write of ours undoes that without a chance to know. */
    onOutsideEdit: (_phoneNumber: string, _event: "removed" | "back again"): boolean => false,
    add,
    change,
    remove,
    list,
    page,
    move,
    watch,
    unknownFaults,
  };
  const watchers = new Set<() => void>();

  /** Calls a function now and whenever the extension may have changed. @returns how to stop it */
  function watch(look: () => void): () => void {
    look();
    watchers.add(look);
    return () => watchers.delete(look);
  }
  const changed = () => {
    for (const look of watchers) look();
  };

  /** Whether the extension has moved; what it has then is noted down at once. */
  function noticeMove(): boolean {
    const { callHandling } = extension;
    if (callHandling === undefined) return false;
    if (!hasMoved) {
      hasMoved = true;
      if (twin.settings.unknownRuleTypes) addUnknownTypes(callHandling);
      unknownAtMove = unknown();
      ledger.stateAll(callHandling);
    }
    return true;
  }

  function move(): void {
    schedule.note("the extension moves");
    twin.callHandling.move({ extensionId: EXTENSION });
    noticeMove();
    changed();
  }

  /** What no documentation names, in the rules, as JSON. */
  function unknown(): string[] {
    const { callHandling } = extension;
    if (callHandling === undefined) return [];
    return visibleRules(callHandling).flatMap(({ id, dispatching }) =>
      unknownParts(dispatching).map((json) => `${id} ${json}`),
    );
  }

  /** What no documentation names, where it is not as it was at the move, byte for byte. */
  function unknownFaults(): string[] {
    const now = unknown();
    return [
      ...unknownAtMove.filter((part) => !now.includes(part)).map((part) => `unknown part is gone: ${part}`),
      ...now.filter((part) => !unknownAtMove.includes(part)).map((part) => `unknown part is new: ${part}`),
      ...(now.length === unknownAtMove.length ? [] : ["an unknown part is repeated"]),
    ];
  }

  /** A request arrives at RingCentral; before it, another app may edit. */
  async function arrive(request: HttpRequest, readings: Readings): Promise<HttpResponse> {
    const isStorm = !world.isCalm;
    if (noticeMove() && isStorm && chance(0.3) && extension.callHandling) ledger.edit(extension.callHandling);
    changed();
    if (refusesFeatures && request.url.pathname.endsWith("/features")) return refusal;
    if (isStorm && chance(0.02)) throw failure(request, unsent[between(0, unsent.length - 1)]);
    const isWrite = request.method !== "GET";
    if (onLateLoss && isWrite && isStorm && chance(0.1)) {
      const [store = ""] = storesOf(request, extension.callHandling?.interactionRules ?? []);
      const readAt = readings.latest.get(store) ?? ledger.now();
      schedule.after(between(3_000, 110_000), () => {
        schedule.note(`  late: ${request.method} ${request.url.pathname} ${summary(request.body)}`);
        void serve(toTwin(request)).then(() => {
          changed();
          if (extension.callHandling) ledger.undone(extension.callHandling, readAt).forEach(onLateLoss);
        });
      });
      throw failure(request, { status: 504 });
    }
    const ending = await serve(toTwin(request));
    changed();
    if (ending.kind !== "response") throw new Error(`the twin ends with ${ending.kind}`);
    const { status, headers, body = "" } = ending.response;
    schedule.note(`  ${status} ${/"errorCode":"([^"]+)"/.exec(body)?.[1] ?? ""} ${summary(request.body)}`);
    if (noticeMove() && extension.callHandling) {
      for (const line of brokenRules(extension.callHandling)) broken.add(line);
      const touched = status < 300 ? storesOf(request, extension.callHandling.interactionRules) : [];
      const wrote = ["PUT", "PATCH"].includes(request.method) ? touched[0] : undefined;
      ledger.called(readings, touched, wrote, extension.callHandling);
    }
    if (isStorm && request.method !== "GET" && chance(0.04)) {
      throw failure(request, gatewayFailures[between(0, gatewayFailures.length - 1)]);
    }
    const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    return { status, headers: Object.fromEntries(lowerCase), body };
  }

  /** The network of one process: it gives up after a while, and RingCentral may serve the request all the same. */
  function transportOf(instance: Instance): Transport {
    const readings: Readings = { inFlight: 0, latest: new Map() };
    return {
      async send(request) {
        const patienceMs = Math.min(ATTEMPT_MS, request.deadline.remainingMs());
        if (patienceMs <= 0) throw outOfTime(request.operation);
        const patience = new AbortController();
        const given = instance.clock.sleep(patienceMs, patience.signal).then(
          () => Promise.reject(failure(request, { kind: "timeout" })),
          () => new Promise<never>(() => {}),
        );
        const label = `${request.method} ${request.url.pathname.replace(/^.*extensions?\/\d+\//, "")}`;
        if (readings.inFlight === 0 && request.method === "GET") readings.latest = new Map();
        readings.inFlight += 1;
        const exchange = instance.effect(label, () => arrive(request, readings), {
          once: true,
          lossTimeoutMs: 1_000,
          lost: () => failure(request, { kind: "bad_response" }),
        });
        return Promise.race([exchange, given]).finally(() => {
          readings.inFlight -= 1;
          patience.abort();
        });
      },
    };
  }

  function serviceOf(instance: Instance) {
    const { clock, random } = instance;
    const tokens = tokensOf(serve, schedule);
    const ringcentral = createRingCentral({
      tokens,
      rateLimiter,
      transport: transportOf(instance),
      clock,
      random,
    });
    const deadline = deadlineIn(INVOCATION_MS, clock);
    const call: CallContext = { accountId: SEED.accountId, requestId: "test", deadline, log };
    const overTable = overNetwork(records, instance);
    return {
      deps: { ringcentral, clock, records: overTable, random, ...secret },
      call,
      deadline,
      records: overTable,
    };
  }

  /** One POST in its own process. */
  function add(body: Intent, idempotencyKey?: string): Promise<Outcome<ForwardingNumber>> {
    const instance = schedule.instance();
    return instance.start(async () => {
      const { deps, call, deadline, records: table } = serviceOf(instance);
      const run = async (step: WriteStep): Promise<ApiResponse> => {
        const request = { extensionId: EXTENSION, call, query: {}, body, step };
        const { data } = await addForwardingNumber(deps, request);
        return { statusCode: 201, headers: {}, body: JSON.stringify(data) };
      };
      if (idempotencyKey === undefined) return JSON.parse((await run("run")).body ?? "");
      const scope = { accountId: "1", callerId: "ana", operationId: "add", key: idempotencyKey };
      const { body: text = "" } = await withIdempotency(
        { records: table, clock: instance.clock, key },
        { ...scope, fingerprint: JSON.stringify(body), deadline, tableWait: createTableWait(instance.clock) },
        run,
        mayHaveTakenEffect,
      );
      return JSON.parse(text);
    });
  }

  function change(forwardingNumberId: string, body: Intent): Promise<Outcome<ForwardingNumber>> {
    const instance = schedule.instance();
    return instance.start(() => {
      const { deps, call } = serviceOf(instance);
      const path = { forwardingNumberId };
      return updateForwardingNumber(deps, { extensionId: EXTENSION, call, query: {}, path, body });
    });
  }

  function remove(forwardingNumberId: string): Promise<Outcome<undefined>> {
    const instance = schedule.instance();
    return instance.start(() => {
      const { deps, call } = serviceOf(instance);
      return deleteForwardingNumber(deps, {
        extensionId: EXTENSION,
        call,
        path: { forwardingNumberId },
      });
    });
  }

  async function list(): Promise<Outcome<ForwardingNumber[]>> {
    const outcome = await page();
    return outcome.status === "done" ? { ...outcome, value: outcome.value.items } : outcome;
  }

  function page(): Promise<Outcome<Page<ForwardingNumber>>> {
    const instance = schedule.instance();
    return instance.start(() => {
      const { deps, call } = serviceOf(instance);
      const live: CallContext = { ...call, fresh: true, freshness: { maxAgeMs: 0 } };
      return listForwardingNumbers(deps, { extensionId: EXTENSION, page: { limit: 100 }, call: live });
    });
  }

  return world;
}

export type ForwardingWorld = ReturnType<typeof createForwardingWorld>;

const toTwin = ({ method, url, headers, body = "" }: HttpRequest) => ({
  method,
  path: url.pathname,
  query: url.searchParams,
  headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
  body,
});

const refusal: HttpResponse = {
  status: 403,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    errorCode: "CMN-408",
    message: "In order to call this API endpoint, user needs to have",
  }),
};

/** The numbers in a body, for the trace. */
const summary = (body = "") =>
  body.length < 150 ? body : (body.match(/\+1\d{10}|"id":"\w+"/g) ?? []).join(" ");

/** As at the edge: whether a failed POST keeps its key. */
function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof OutcomeUnknown) return error.sent;
  if (error instanceof RingCentralError) return error.failure.mayHaveTakenEffect;
  return !(error instanceof ProblemError);
}

/** The stores that a call on the new backend shows, or replaces. */
function storesOf({ url }: HttpRequest, interactionRules: readonly { id: string }[]): string[] {
  const [, family = "", id] =
    /(call-flip-numbers|state-rules|interaction-rules)(?:\/([\w-]+))?$/.exec(url.pathname) ?? [];
  if (family === "call-flip-numbers") return ["flips"];
  if (id !== undefined) return [id];
  if (family === "state-rules") return ["work-hours", "after-hours", "agent", "dnd", "forward-all-calls"];
  return family === "interaction-rules" ? interactionRules.map((rule) => rule.id) : [];
}

const documented =
  /^(?:(?:RingGroup|RingAlwaysGroup|Terminating|PlayWelcomePrompt|PlayConnectingMessage|PlayConnectingPrompt|Screening)Action|\w*(?:PhoneNumber|Device|Coworker|CoworkerApps|AllDesktop|AllMobile|Hotdesk|Integration|CloudConnector)RingTarget|(?:VoiceMail|PlayAnnouncement|PhoneNumber|Extension|CloudConnector)TerminatingTarget)$/;

/** Objects of types that no documentation names, and the member that a known action has beside its own. */
function unknownParts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(unknownParts);
  if (typeof value !== "object" || value === null) return [];
  if ("actions" in value) return unknownParts(value.actions);
  const { type, targets, ...others } = { type: "", targets: [], ...value };
  if (typeof type === "string" && type !== "" && !documented.test(type)) return [JSON.stringify(value)];
  const member = "ringPattern" in others ? [JSON.stringify(others.ringPattern)] : [];
  return [...member, ...unknownParts(targets)];
}

/** Failures that a gateway may invent before RingCentral sees the request … */
const unsent: Partial<RingCentralFailure>[] = [
  { kind: "unavailable", status: 503 },
  { kind: "unavailable", mayHaveTakenEffect: false },
  { status: 502 },
];
/** … and after it has served it. */
const gatewayFailures: Partial<RingCentralFailure>[] = [
  {},
  { status: 500 },
  { status: 502 },
  { status: 504 },
  { kind: "unavailable", status: 503 },
];

function failure({ operation }: HttpRequest, details: Partial<RingCentralFailure> = {}): RingCentralError {
  return new RingCentralError({ kind: "bad_response", operation, mayHaveTakenEffect: true, ...details });
}

const rateLimiter: RateLimiter = {
  admit: async () => ({ observe: async () => {}, release: async () => {} }),
};

const { clientId, clientSecret, jwt } = SEED;
const current = { server: "https://twin.test", clientId, clientSecret, jwt };
/** The account's secret, which keys what is stored. */
const secret = {
  credentials: { current: async () => current, refreshed: async () => [current] },
  acceptedSecrets: async () => [current],
};

/** The administrator's token, renewed in time; the login itself cannot fail here. */
function tokensOf(serve: ReturnType<typeof createInProcessTwin>["serve"], { clock }: Schedule): TokenSource {
  let token: Promise<AccessToken> | undefined;
  let expiresAt = 0;
  let generation = 0;
  async function logIn(): Promise<AccessToken> {
    const ending = await serve({
      method: "POST",
      path: "/restapi/oauth/token",
      query: new URLSearchParams(),
      headers: {
        "content-length": "1",
        authorization: `Basic ${btoa(`${SEED.clientId}:${SEED.clientSecret}`)}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: `grant_type=${encodeURIComponent("urn:ietf:params:oauth:grant-type:jwt-bearer")}&assertion=${SEED.jwt}`,
    });
    const { access_token: value } = JSON.parse(("response" in ending && ending.response.body) || "{}");
    return { value, generation, expiresAt, server: "https://twin.test" };
  }
  return {
    get() {
      if (token === undefined || clock.now() >= expiresAt) {
        generation += 1;
        expiresAt = clock.now() + 3_000_000;
        token = logIn();
      }
      return token;
    },
    reject() {
      token = undefined;
    },
  };
}

const log = createLogger({}, { write: () => {} });
