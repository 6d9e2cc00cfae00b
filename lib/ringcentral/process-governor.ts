import type { Clock } from "../platform/clock.ts";
import { DUPLICATE_CONCURRENT_REQUEST } from "./answer.ts";
import { DEFAULT_RETRY_AFTER_MS } from "./answer-headers.ts";
import { RingCentralError } from "./errors.ts";
import type { AdmissionRequest, Governor, Observation } from "./ports.ts";

/** Closed gates live here: a group as documented or as RingCentral names it, or `ALL`. */
type GateName = string;
const ALL: GateName = "*";

/**
 * A governor that knows what this process has seen: after a 429, nothing more of that group leaves until the
 * stated time, because every request during the penalty restarts it [docs: RATE]. A 429 without rate headers is
 * some wider limit (IP, account, global) [docs: RATE] and closes every group.
 */
export function createProcessGovernor({ clock }: { clock: Clock }): Governor {
  const closedUntil = new Map<GateName, number>();
  /** RingCentral may group an operation otherwise than documented: documented group to the name it answers with. */
  const knownAs = new Map<string, string>();

  function close(gate: GateName, until: number): void {
    closedUntil.set(gate, Math.max(until, closedUntil.get(gate) ?? 0));
  }

  function opensAt({ group }: AdmissionRequest): number {
    const gates = [ALL, group, knownAs.get(group) ?? group];
    return Math.max(...gates.map((gate) => closedUntil.get(gate) ?? 0));
  }

  function learn(documented: string, observation: Observation): void {
    const { group, status, withoutHeaders, errorCode } = observation;
    knownAs.set(documented, group);
    if (status !== 429 || errorCode === DUPLICATE_CONCURRENT_REQUEST) return;
    const until = clock.now() + (observation.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS);
    if (withoutHeaders) close(ALL, until);
    else for (const gate of [documented, group]) close(gate, until);
  }

  return {
    async admit(request) {
      const retryAfterMs = opensAt(request) - clock.now();
      if (retryAfterMs > 0) {
        throw new RingCentralError({
          kind: "rate_limited",
          operation: "admit",
          retryAfterMs,
          mayHaveTakenEffect: false,
        });
      }
      return {
        observe: async (observation) => learn(request.group, observation),
        release: async () => undefined,
      };
    },
  };
}
