import type { Clock } from "../clock.ts";
import { restError } from "../rest/errors.ts";
import type { FaultEffect } from "./faults.ts";
import { type HttpResponse, json } from "./response.ts";

/** The outcome on the socket. */
export type Ending =
  | { kind: "response"; response: HttpResponse }
  /** The head announces the whole body; half of it follows, then the connection breaks. */
  | { kind: "truncate"; response: HttpResponse }
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
  process: () => Promise<HttpResponse>,
): Promise<Ending> {
  for (const effect of effects.filter((each) => !comesAfter(each))) {
    if (effect.kind === "delay") await clock.sleep(effect.ms);
    else return spoil(effect, undefined);
  }
  const response = await process();
  for (const effect of effects.filter(comesAfter)) {
    if (effect.kind === "delay") await clock.sleep(effect.ms);
    else return spoil(effect, response);
  }
  return { kind: "response", response };
}

function spoil(effect: Exclude<FaultEffect, { kind: "delay" }>, response: HttpResponse | undefined): Ending {
  const given = response ?? { status: 200, headers: {} };
  switch (effect.kind) {
    case "reset":
    case "reset-after-processing":
      return { kind: "reset" };
    case "timeout":
      return { kind: "hang" };
    case "truncated-body":
      return { kind: "truncate", response: given };
    case "status":
      return { kind: "response", response: statusResponse(effect) };
    case "html-body":
      return {
        kind: "response",
        response: { status: effect.status ?? 502, headers: { "Content-Type": "text/html" }, body: html },
      };
    case "empty-body":
      return { kind: "response", response: { status: given.status, headers: given.headers } };
    case "content-type": {
      const headers = { ...given.headers, "Content-Type": effect.contentType };
      return { kind: "response", response: { ...given, headers } };
    }
  }
}

/** Carries no rate headers, as a 429 of the per-address or global limits does [docs: RATE]. */
function statusResponse(effect: Extract<FaultEffect, { kind: "status" }>): HttpResponse {
  const { status, errorCode, message, body, headers } = effect;
  if (typeof body === "string") return { status, headers: { ...headers }, body };
  if (body !== undefined) return json(status, body, headers);
  if (errorCode === undefined) return { status, headers: { ...headers } };
  const { response } = restError(status, errorCode, message ?? "Simulated failure", {}, headers);
  return response;
}
