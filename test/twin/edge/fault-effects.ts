import type { Clock } from "../clock.ts";
import { restError } from "../rest/errors.ts";
import { type Answer, json } from "./answer.ts";
import type { FaultEffect } from "./faults.ts";

/** The outcome on the socket. */
export type Ending =
  | { kind: "answer"; answer: Answer }
  /** The head announces the whole body; half of it follows, then the connection breaks. */
  | { kind: "truncate"; answer: Answer }
  | { kind: "reset" }
  | { kind: "hang" };

const html = "<!doctype html><html><head><title>Error</title></head><body><h1>Bad Gateway</h1></body></html>";

/** An effect that changes the response can only follow it. */
function comesAfter(effect: FaultEffect): boolean {
  if ("afterProcessing" in effect && effect.afterProcessing === true) return true;
  return ["reset-after-processing", "truncated-body", "empty-body", "content-type"].includes(effect.kind);
}

/**
 * Runs a call under the faults drawn for it.
 * @param process serves the call; not called when a fault comes first
 * @returns undefined as the response when the call was not processed
 */
export async function runUnderFaults(
  effects: readonly FaultEffect[],
  clock: Clock,
  process: () => Promise<Answer>,
): Promise<Ending> {
  for (const effect of effects.filter((each) => !comesAfter(each))) {
    if (effect.kind === "delay") await clock.sleep(effect.ms);
    else return spoil(effect, undefined);
  }
  const answer = await process();
  for (const effect of effects.filter(comesAfter)) {
    if (effect.kind === "delay") await clock.sleep(effect.ms);
    else return spoil(effect, answer);
  }
  return { kind: "answer", answer };
}

function spoil(effect: Exclude<FaultEffect, { kind: "delay" }>, answer: Answer | undefined): Ending {
  const given = answer ?? { status: 200, headers: {} };
  switch (effect.kind) {
    case "reset":
    case "reset-after-processing":
      return { kind: "reset" };
    case "timeout":
      return { kind: "hang" };
    case "truncated-body":
      return { kind: "truncate", answer: given };
    case "status":
      return { kind: "answer", answer: statusAnswer(effect) };
    case "html-body":
      return {
        kind: "answer",
        answer: { status: effect.status ?? 502, headers: { "Content-Type": "text/html" }, body: html },
      };
    case "empty-body":
      return { kind: "answer", answer: { status: given.status, headers: given.headers } };
    case "content-type": {
      const headers = { ...given.headers, "Content-Type": effect.contentType };
      return { kind: "answer", answer: { ...given, headers } };
    }
  }
}

/** Carries no rate headers, as a 429 of the per-address or global limits does [docs: RATE]. */
function statusAnswer(effect: Extract<FaultEffect, { kind: "status" }>): Answer {
  const { status, errorCode, message, body, headers } = effect;
  if (typeof body === "string") return { status, headers: { ...headers }, body };
  if (body !== undefined) return json(status, body, headers);
  if (errorCode === undefined) return { status, headers: { ...headers } };
  const { answer } = restError(status, errorCode, message ?? "Simulated failure", {}, headers);
  return answer;
}
