import { isDeepStrictEqual } from "node:util";
import { type ProblemCode, problems } from "../../lib/contract/problems.ts";
import type { TestResponse } from "../support/api-gateway.ts";
import type { Answer, Expected } from "./expected.ts";
import { type Fault, type FaultName, faults } from "./faults.ts";
import { prepare, type RouteKind, type Scene } from "./routes.ts";
import type { Payer, World } from "./world.ts";

/** What a cell was, and what is wrong with it. */
export interface Outcome {
  fault: FaultName;
  kind: RouteKind;
  payer: Payer;
  shown: string;
  requests: number;
  wrong: string[];
}

interface Cell {
  fault: Fault;
  kind: RouteKind;
  payer: Payer;
}

export interface Logged {
  /** All lines since the last call. */
  take(): string;
}

/** The time that a request of a caller may take, by API Gateway's own limit and Lambda's. */
const LONGEST_MS = 15_000;
/** Of a request that is told that the table is slow or away. */
const LONGEST_FOR_TABLE_MS = 2_000;
const RETRY_AT_ONCE_MS = 1_000;

/** One request under a fault, and its repetitions without the fault until one succeeds. */
export async function playCell(
  world: World,
  logged: Logged,
  { fault: name, kind, payer }: Pick<Outcome, "fault" | "kind" | "payer">,
  expected: Expected,
): Promise<Outcome> {
  const fault: Fault = faults[name];
  const scene = await prepare(kind, payer, world);
  await fault.strike(world);
  world.forgetSent();
  const startedAt = world.time.now();
  const response = await scene.send();
  const tookMs = world.time.now() - startedAt;
  const { calls, tokenCalls } = structuredClone(world.sent);
  const answer = answerOf(response);
  const effect = scene.effect();
  const wrong = [
    ...difference("answer", answer, expected.answer),
    ...difference("calls", calls.sort(), [...expected.calls].sort()),
    ...difference(
      "token calls",
      tokenCalls,
      times(expected.tokenCalls, payer === "own" && kind !== "company live" ? "refreshToken" : "login"),
    ),
    ...difference("effect", effect, expected.effect),
    ...waitFault(response, expected),
    ...(tookMs > (answer === "storage_unavailable" ? LONGEST_FOR_TABLE_MS : LONGEST_MS)
      ? [`it took ${tookMs} ms`]
      : []),
  ];
  let requests = 1;
  if (fault.isPenalty && statedWaitMs(response) !== undefined) {
    requests += 1;
    wrong.push(...(await tooEarly(world, scene, response)));
  }
  const { sent, faultsAfter } = await comeBack(world, scene, { fault, kind, payer, response, expected });
  wrong.push(...faultsAfter, ...leaks(world, logged.take(), response));
  const isUntold = response.status >= 300 && effect === "done";
  const count = `${calls.length}${tokenCalls.length > 0 ? `+${tokenCalls.length}` : ""}`;
  const shown = `${cellText(response, answer)} · ${count}${isUntold ? ", done" : ""}`;
  return { fault: name, kind, payer, shown, requests: requests + sent, wrong };
}

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

/** The wait of the response, or the longest of its parts. */
function statedWaitMs({ headers, body }: TestResponse): number | undefined {
  if (headers["retry-after"] !== undefined && body?.code !== undefined)
    return Number(headers["retry-after"]) * 1_000;
  const waits = partsOf(body).flatMap(({ problem }) => problem?.retryAfter ?? []);
  return waits.length > 0 ? Math.max(...waits) * 1_000 : undefined;
}

interface Part {
  problem?: { code: ProblemCode; retryAfter?: number };
}
const partsOf = (body: TestResponse["body"]): Part[] =>
  body?.data?.complete === undefined ? [] : Object.values<Part>(body.data);

/** Half of the stated wait later, with RingCentral as it was, also another process sends nothing to it. */
async function tooEarly(world: World, scene: Scene, response: TestResponse): Promise<string[]> {
  await world.time.advance((statedWaitMs(response) ?? 0) / 2);
  world.newProcess();
  world.forgetSent();
  const again = await scene.send();
  return [
    ...difference("answer before Retry-After", answerOf(again), answerOf(response)),
    ...difference("calls before Retry-After", [...world.sent.calls], []),
  ];
}

/** The same caller repeats its request when it was told to, without the fault, and it succeeds: nothing is lost. */
async function comeBack(
  world: World,
  scene: Scene,
  { fault, kind, payer, response: first, expected }: Cell & { response: TestResponse; expected: Expected },
): Promise<{ sent: number; faultsAfter: string[] }> {
  world.troubles = {};
  await fault.end?.(world);
  if (first.body?.code === "sign_in_required" && payer === "own") await world.time.run(world.signIn());
  let response = first;
  let sent = 0;
  // A write that succeeded is not made again.
  const isOver = () => response.status < 300 && (sent > 0 || expected.effect === "done");
  while (!isOver() && sent < expected.repeats) {
    await world.time.advance(statedWaitMs(response) ?? RETRY_AT_ONCE_MS);
    response = await scene.send();
    sent += 1;
  }
  // A repeated removal finds nothing to remove.
  const isGone = response.body?.code === "not_found" && kind === "delete" && expected.effect === "done";
  if (isGone) return { sent, faultsAfter: difference("effect in the end", scene.effect(), "done") };
  if (response.status >= 300) {
    return {
      sent,
      faultsAfter: [`after ${sent} repetitions still ${response.status} ${response.body?.code}`],
    };
  }
  const untruth = await scene.untruth(response);
  const isWrite = expected.effect === "done" || scene.effect() !== "none";
  return {
    sent,
    faultsAfter: [
      ...(untruth === undefined ? [] : [`in the end ${untruth}`]),
      ...(isWrite ? difference("effect in the end", scene.effect(), "done") : []),
    ],
  };
}

export function answerOf({ status, body }: TestResponse): Answer | "mixed" {
  if (status >= 300) return body.code;
  const isKept = ["cache", "snapshot"].includes(body?.meta?.source);
  const codes = new Set(partsOf(body).flatMap(({ problem }) => problem?.code ?? []));
  const [code] = codes;
  if (code !== undefined) return codes.size === 1 ? { parts: code } : "mixed";
  return isKept ? "kept" : "ok";
}

function cellText({ status, headers, body }: TestResponse, answer: Answer | "mixed"): string {
  const isProblem = body?.code !== undefined && headers["retry-after"] !== undefined;
  const wait = isProblem ? ` ${headers["retry-after"]} s` : "";
  const what = typeof answer === "object" ? `parts ${answer.parts}` : answer === "ok" ? "" : answer;
  return `${status}${what === "" ? "" : ` ${what}`}${wait}`;
}

function waitFault(response: TestResponse, { answer, retryAfter }: Expected): string[] {
  const seconds = response.headers["retry-after"];
  if (retryAfter === undefined) {
    const isTold = typeof answer === "string" && answer in problems && seconds !== undefined;
    return isTold ? [`Retry-After ${seconds}, none expected`] : [];
  }
  const [atLeast, atMost] = retryAfter;
  const isWithin = Number(seconds) >= atLeast && Number(seconds) <= atMost;
  return [
    ...(isWithin ? [] : [`Retry-After ${seconds}, not ${atLeast} to ${atMost}`]),
    ...difference("retryAfter of the body", response.body?.retryAfter, Number(seconds)),
  ];
}

function difference(what: string, found: unknown, expected: unknown): string[] {
  if (isDeepStrictEqual(found, expected)) return [];
  return [`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
}

/** Secrets and tokens in logs, in the table or in the response, and numbers in logs. */
function leaks(world: World, logs: string, response: TestResponse): string[] {
  const shown = JSON.stringify(response.status < 300 ? response.headers : response);
  const stored = world.table.map(({ key, json }) => `${JSON.stringify(key)} ${json}`).join("\n");
  const places = { logs, "the table": stored, "the response": shown };
  return [
    ...Object.entries(places).flatMap(([place, text]) =>
      [...world.confidential].some((secret) => text.includes(secret)) ? [`a secret is in ${place}`] : [],
    ),
    ...(/\+1\d{10}/.test(logs) ? ["a phone number is in the logs"] : []),
  ];
}
