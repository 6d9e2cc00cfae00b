import { ProblemError } from "../../lib/contract/problems.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import { numberOf, ringingOf } from "../support/call-handling-truth.ts";
import type { Outcome, Schedule } from "../support/schedule.ts";
import type { ForwardingWorld, Intent } from "./forwarding-model.ts";

/** The longest that a process which has crashed keeps others out: its time, two minutes for its last write, and clocks. */
export const KEPT_OUT_MS = 150_000;

/** A number as its caller wants it; undefined: not there. Without `rules` it rings in the work hours at least. */
type State = { phoneNumber: string; label: string; flipNumber?: number; rules?: string[] } | undefined;

type Step =
  | { kind: "add"; body: Intent; key: string | undefined }
  | { kind: "change"; body: Intent }
  | { kind: "remove" };

export type Caller = ReturnType<typeof createCaller>;

/**
 * A caller with a number that nobody else changes: it adds, changes and removes it, one request after the other, and
 * repeats a request that failed. What was acknowledged last must hold; what was never acknowledged may hold.
 */
export function createCaller(
  schedule: Schedule,
  world: ForwardingWorld,
  index: number,
  numbers: readonly [string, string],
) {
  const { chance, between } = schedule;
  const [first, second] = numbers;
  let acknowledged: State;
  let pending: { step: Step; wanted: State; attempts: number; isDisturbed: boolean } | undefined;
  /** Another app has removed the number during a request: any part of it may be there from then on. */
  let isUncertain = false;
  let id = "none";
  let versions = 0;

  const label = () => {
    versions += 1;
    return `Mine ${index}.${versions}`;
  };

  /** Some rules, when the extension has been on the new backend from the start. */
  const rules = () => {
    const choice = world.rules.filter(() => chance(0.5));
    if (choice.length === 0) return world.rules.length > 0 ? { rules: choice } : {};
    return chance(0.5) ? { rules: choice } : {};
  };

  function nextStep(): Step {
    if (acknowledged === undefined) {
      const flip = { ...(chance(0.5) && { flipNumber: 4 + index }), ...rules() };
      const key = chance(0.7) ? `key-${index}-${versions}` : undefined;
      return { kind: "add", body: { phoneNumber: first, label: label(), ...flip }, key };
    }
    if (chance(0.35)) return { kind: "remove" };
    const bodies: Intent[] = [
      { label: label() },
      { flipNumber: 4 + index, ...rules() },
      { label: label(), flipNumber: 4 + index },
      { phoneNumber: acknowledged.phoneNumber === first ? second : first },
    ];
    return { kind: "change", body: bodies[between(0, bodies.length - 1)] ?? {} };
  }

  function wantedBy(step: Step): State {
    if (step.kind === "remove") return undefined;
    const former = step.kind === "change" ? acknowledged : undefined;
    const usual = step.kind === "add" && world.rules.length > 0 ? { rules: ["work-hours"] } : {};
    return { phoneNumber: first, label: "", ...usual, ...former, ...step.body };
  }

  async function send(step: Step): Promise<Outcome<unknown>> {
    if (step.kind === "add") return world.add(step.body, step.key);
    return step.kind === "change" ? world.change(id, step.body) : world.remove(id);
  }

  /** One attempt at the pending request, sometimes in two processes at once. */
  async function attempt(): Promise<void> {
    const current = pending;
    if (current === undefined) return;
    const { step, wanted } = current;
    const isKeyed = step.kind !== "add" || step.key !== undefined;
    const twice = isKeyed && !world.isCalm && chance(0.15);
    current.attempts += twice ? 2 : 1;
    const outcomes = await Promise.all(twice ? [send(step), send(step)] : [send(step)]);
    for (const outcome of outcomes) {
      if (outcome.status === "failed") requireKnown(outcome.error);
      if (isSuccess(step, outcome, current.attempts)) {
        succeed(wanted, outcome, current.isDisturbed || isUncertain);
      } else if (isUncertain && step.kind !== "add" && outcome.status === "failed") {
        if (!isNotFound(outcome.error)) continue;
        pending = undefined;
        acknowledged = undefined;
      }
    }
  }

  function isSuccess(step: Step, outcome: Outcome<unknown>, attempts: number): boolean {
    if (outcome.status === "done") return true;
    // "Not found" after an earlier attempt says that it has been removed.
    return step.kind === "remove" && attempts > 1 && outcome.status === "failed" && isNotFound(outcome.error);
  }

  function succeed(wanted: State, outcome: Outcome<unknown>, isDisturbed: boolean): void {
    acknowledged = wanted;
    pending = undefined;
    if (outcome.status !== "done" || wanted === undefined) return;
    const data = outcome.value as { id: string; phoneNumber?: string; label?: string; flipNumber?: number };
    id = data.id;
    if (isDisturbed) return;
    const { rules: _, ...plain } = wanted;
    for (const [name, value] of Object.entries(plain)) {
      const said = { ...data }[name as "label"];
      if (said !== value) throw new Error(`acknowledged with ${name} ${said} in place of ${value}`);
    }
  }

  return {
    numbers,
    /** Acts for a while. A request that failed is repeated some times, or left as it is. */
    async act(): Promise<void> {
      const steps = between(1, 4);
      for (let n = 0; n < steps && pending === undefined; n++) {
        // Often at the same time as the other callers.
        await schedule.clock.sleep(chance(0.5) ? between(0, 200) : between(0, 20_000));
        const step = nextStep();
        if (step.kind === "add") for (const number of numbers) world.ledger.isWanted(number);
        pending = { step, wanted: wantedBy(step), attempts: 0, isDisturbed: false };
        await attempt();
        for (let m = 0; m < 3 && mayRepeat() && chance(0.7); m++) {
          await schedule.clock.sleep(chance(0.5) ? between(0, 3_000) : KEPT_OUT_MS);
          await attempt();
        }
      }
    },
    /** Repeats what was not acknowledged, now that nothing fails. @returns whether it is acknowledged */
    async settle(): Promise<boolean> {
      if (mayRepeat()) await attempt();
      return !mayRepeat() || isUncertain;
    },
    /** Another app removes the number, or it comes back although it was removed. */
    disturb(event: "removed" | "back again"): boolean {
      if (pending !== undefined) pending.isDisturbed = isUncertain = true;
      else if (event === "removed") acknowledged = undefined;
      else isUncertain = true;
      return pending !== undefined;
    },
    isSettled: () => pending === undefined,
    /** The states that the number may be in; undefined: any. */
    allowed(): State[] | undefined {
      if (isUncertain) return undefined;
      return pending === undefined ? [acknowledged] : [acknowledged, pending.wanted];
    },
    describe: () => `caller ${index}: ${JSON.stringify({ acknowledged, pending, id })}`,
  };

  /** A POST without a key is a second request when it is repeated. */
  function mayRepeat(): boolean {
    return pending !== undefined && (pending.step.kind !== "add" || pending.step.key !== undefined);
  }
}

function isNotFound(error: unknown): boolean {
  if (error instanceof ProblemError) return error.code === "not_found";
  return error instanceof RingCentralError && error.failure.status === 404;
}

/** @throws an error that no caller can get an answer for */
function requireKnown(error: unknown): void {
  const isKnown =
    error instanceof ProblemError || error instanceof RingCentralError || error instanceof StorageUnavailable;
  if (!isKnown) throw error;
}

/** How a caller's numbers differ from every state that they may be in; empty when they do not. */
export function stateFaults({ extension, rules }: ForwardingWorld, caller: Caller): string[] {
  const states = caller.allowed();
  if (states === undefined) return [];
  const describe = (of: (number: string) => string) => caller.numbers.map(of).join("; ");
  const found = describe((number) => describeNumber(extension, number, rules.length > 0));
  const allowed = states.map((state) =>
    describe((number) => (state?.phoneNumber === number ? describeState(state) : `${number} absent`)),
  );
  if (allowed.includes(found)) return [];
  return [`${found}, but allowed: ${allowed.join(" or ")} (${caller.describe()})`];
}

function describeState({ phoneNumber, label, flipNumber, rules }: NonNullable<State>): string {
  const where = rules === undefined ? "" : ` in ${[...rules].sort()}`;
  return `${phoneNumber} ${label} ${flipNumber ?? "-"} flips${rules?.length === 0 ? "" : " and rings"}${where}`;
}

type Extension = ForwardingWorld["extension"];

function describeNumber(
  { callHandling, forwarding }: Extension,
  phoneNumber: string,
  tellsRules: boolean,
): string {
  if (callHandling === undefined) {
    const entries = forwarding.filter((entry) => entry.phoneNumber === phoneNumber);
    const [entry] = entries;
    if (entry === undefined) return `${phoneNumber} absent`;
    if (entries.length > 1) return `${phoneNumber} ${entries.length} times`;
    return describeState({ phoneNumber, label: entry.label ?? "", ...digit(entry.flipNumber) });
  }
  const known = ringingOf(callHandling).find((number) => number.phoneNumber === phoneNumber);
  if (known === undefined) return `${phoneNumber} absent`;
  const where = known.rings.map(({ rule }) => rule);
  const isRinging = tellsRules ? where.length > 0 : where.includes("work-hours");
  const names = namesOf(callHandling, phoneNumber).filter((name) => name !== known.label);
  const state = describeState({
    phoneNumber,
    label: known.label ?? "",
    ...digit(known.flipNumber),
    ...(tellsRules && { rules: where }),
  });
  const parts = [known.features.includes("CallFlip") && "flips", isRinging && "rings"].filter(Boolean);
  const odd = names.length > 0 ? `, named ${names} in rules` : "";
  return state.replace("flips and rings", parts.join(" and ")) + odd;
}

const digit = (text: string | undefined) => (text === undefined ? {} : { flipNumber: Number(text) });

/** The names of a number's targets in all rules. */
function namesOf(callHandling: NonNullable<Extension["callHandling"]>, phoneNumber: string): string[] {
  return [...callHandling.rules.filter(({ inherits }) => !inherits), ...callHandling.interactionRules]
    .flatMap(({ dispatching }) => dispatching.actions)
    .flatMap(({ targets }) => (Array.isArray(targets) ? targets : []))
    .filter((target) => numberOf(target) === phoneNumber && /RingTarget$/.test(String(target.type)))
    .map(({ name }) => String(name ?? ""));
}
