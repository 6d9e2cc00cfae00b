import { describe, expect, it } from "vitest";
import type { Pause } from "../../../../lib/ringcentral/rate-limit/limits-record.ts";
import {
  afterProbe,
  afterRejection,
  type PauseState,
  pauseState,
  withoutProbe,
  withProbe,
} from "../../../../lib/ringcentral/rate-limit/pause.ts";

const PENALTY = 60_000;
const rejected = { respondedAt: 1_000, penaltyMs: PENALTY };
const paused = afterRejection(undefined, rejected);
const probing = withProbe(paused, "p", 63_000, 62_000);

type State = PauseState["state"];
type Event =
  | "a call is rejected"
  | "another call succeeds"
  | "the pause ends"
  | "the probe is sent"
  | "the probe succeeds"
  | "the probe is rejected"
  | "the probe is not sent"
  | "a penalty passes without a response";

/** One pause in each state, and an instant at which it is in that state. */
const states: Record<State, { pause: Pause | undefined; now: number }> = {
  none: { pause: undefined, now: 62_000 },
  paused: { pause: paused, now: 61_499 },
  probe_due: { pause: paused, now: 61_500 },
  probing: { pause: probing, now: 62_000 },
};

const events: Record<Event, (pause: Pause | undefined, now: number) => [Pause | undefined, number]> = {
  "a call is rejected": (pause, now) => [afterRejection(pause, { ...rejected, respondedAt: now }), now],
  "another call succeeds": (pause, now) => [afterProbe(pause, "another"), now],
  "the pause ends": (pause, now) => [pause, Math.max(now, pause?.until ?? now)],
  "the probe is sent": (pause, now) => [withProbe(pause, "p", now + 1_000, now), now],
  "the probe succeeds": (pause, now) => [afterProbe(pause, "p"), now],
  "the probe is rejected": (pause, now) => [
    afterRejection(pause, { ...rejected, respondedAt: now, probe: "p" }),
    now,
  ],
  "the probe is not sent": (pause, now) => [withoutProbe(pause, "p"), now],
  "a penalty passes without a response": (pause, now) => [pause, now + 1_000 + PENALTY],
};

/** The table of SPEC.md. Probe events in a state without a probe are those of an earlier one, and change nothing. */
const transitions: Record<State, Record<Event, State>> = {
  none: {
    "a call is rejected": "paused",
    "another call succeeds": "none",
    "the pause ends": "none",
    "the probe is sent": "none",
    "the probe succeeds": "none",
    "the probe is rejected": "paused",
    "the probe is not sent": "none",
    "a penalty passes without a response": "none",
  },
  paused: {
    "a call is rejected": "paused",
    "another call succeeds": "paused",
    "the pause ends": "probe_due",
    "the probe is sent": "paused",
    "the probe succeeds": "paused",
    "the probe is rejected": "paused",
    "the probe is not sent": "paused",
    "a penalty passes without a response": "probe_due",
  },
  probe_due: {
    "a call is rejected": "paused",
    "another call succeeds": "probe_due",
    "the pause ends": "probe_due",
    "the probe is sent": "probing",
    "the probe succeeds": "probe_due",
    "the probe is rejected": "paused",
    "the probe is not sent": "probe_due",
    "a penalty passes without a response": "probe_due",
  },
  probing: {
    "a call is rejected": "paused",
    "another call succeeds": "probing",
    "the pause ends": "probing",
    "the probe is sent": "probing",
    "the probe succeeds": "none",
    "the probe is rejected": "paused",
    "the probe is not sent": "probe_due",
    "a penalty passes without a response": "probe_due",
  },
};

const rows = (Object.keys(transitions) as State[]).flatMap((from) =>
  (Object.keys(events) as Event[]).map((event) => ({ from, event, to: transitions[from][event] })),
);

describe("a pause", () => {
  it.each(rows)("goes from $from to $to when $event", ({ from, event, to }) => {
    const { pause, now } = states[from];
    expect(pauseState(pause, now).state).toBe(from);
    expect(pauseState(...events[event](pause, now)).state).toBe(to);
  });

  it("lasts for the penalty and a guard", () => {
    expect(pauseState(paused, 61_499)).toEqual({ state: "paused", until: 61_500 });
    expect(pauseState(paused, 61_500)).toEqual({ state: "probe_due" });
  });

  it("waits for the probe's response, and for a whole penalty when none comes", () => {
    expect(pauseState(probing, 62_000)).toEqual({ state: "probing", until: 123_000 });
    expect(pauseState(probing, 123_000)).toEqual({ state: "probe_due" });
  });

  it("never becomes shorter", () => {
    expect(afterRejection(paused, { ...rejected, respondedAt: 0 }).until).toBe(61_500);
    expect(afterRejection(paused, { ...rejected, respondedAt: 2_000 }).until).toBe(62_500);
  });

  it("is twice as long after each failed probe, up to eight times", () => {
    let pause: Pause = paused;
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      const at = pause.until;
      pause = afterRejection(withProbe(pause, "p", at, at), { ...rejected, respondedAt: at, probe: "p" });
      waits.push((pause.until - at - 500) / PENALTY);
    }
    expect(waits).toEqual([2, 4, 8, 8, 8]);
    const long = { ...rejected, penaltyMs: 5 * PENALTY, respondedAt: pause.until, probe: "p" };
    const last = afterRejection(withProbe(pause, "p", pause.until, pause.until), long);
    expect(last.until - pause.until - 500).toBe(10 * PENALTY);
  });
});
