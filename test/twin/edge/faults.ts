import { OptionError } from "../options.ts";
import type { Random } from "../random.ts";

/** The calls that a fault applies to; absent members match every call. */
interface FaultMatch {
  /** `token`, `listBlockedNumbers`, …: the README lists them. */
  operation?: string;
  /** As sent. */
  method?: string;
  /** A path in which `*` stands for anything, or a pattern. */
  path?: string | RegExp;
  /** The number of matching calls it affects: one, or all when a probability is given. */
  times?: number;
  /** The chance to affect a call, drawn for every matching call. */
  probability?: number;
  /** The number of matching calls to leave alone first. */
  skip?: number;
}

/** The effect of a fault. With `afterProcessing` the call takes effect before its response is damaged. */
export type FaultEffect =
  | {
      kind: "status";
      status: number;
      errorCode?: string;
      message?: string;
      /** Replaces the error body made from the code; text is sent unchanged. */
      body?: unknown;
      headers?: Record<string, string>;
      afterProcessing?: boolean;
    }
  | { kind: "delay"; ms: number; afterProcessing?: boolean }
  | { kind: "reset"; afterProcessing?: boolean }
  | { kind: "reset-after-processing" }
  | { kind: "timeout"; afterProcessing?: boolean }
  | { kind: "html-body"; status?: number; afterProcessing?: boolean }
  | { kind: "truncated-body" }
  | { kind: "empty-body" }
  | { kind: "content-type"; contentType: string };

export type FaultRule = FaultMatch & FaultEffect;

/** An active fault and its use so far. */
export interface SetFault {
  id: number;
  rule: FaultRule;
  /** The number of calls it has affected. */
  fired: number;
}

export interface Faults {
  /** @throws OptionError for an invalid rule */
  add(rule: FaultRule): SetFault;
  remove(id: number): void;
  clear(): void;
  list(): readonly SetFault[];
  /** Draws the effects for a call: delays add up, and the first rule of another kind is the last. */
  strike(call: { operation: string | undefined; method: string; path: string }): FaultEffect[];
}

const matchKeys = ["operation", "method", "path", "times", "probability", "skip"];
/** The fields of each kind; those marked with `!` are required numbers or strings. */
const effectKeys: Record<FaultEffect["kind"], string[]> = {
  status: ["status!number", "errorCode", "message", "body", "headers", "afterProcessing"],
  delay: ["ms!number", "afterProcessing"],
  reset: ["afterProcessing"],
  "reset-after-processing": [],
  timeout: ["afterProcessing"],
  "html-body": ["status", "afterProcessing"],
  "truncated-body": [],
  "empty-body": [],
  "content-type": ["contentType!string"],
};

/** @throws OptionError for an unknown kind, an unknown field or a missing one */
export function checkFaultRule(rule: object): asserts rule is FaultRule {
  const fields = new Map(Object.entries(rule));
  const kind = fields.get("kind");
  const keys = Object.entries(effectKeys).find(([known]) => known === kind)?.[1];
  if (keys === undefined) throw new OptionError(`unknown kind of fault: ${JSON.stringify(kind)}`);
  for (const key of keys) {
    const [name = "", type] = key.split("!");
    if (type !== undefined && typeof fields.get(name) !== type) {
      throw new OptionError(`a fault of kind ${kind} needs ${name} (${type})`);
    }
  }
  const known = ["kind", ...matchKeys, ...keys.map((key) => key.split("!")[0])];
  const unknown = [...fields.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new OptionError(`a fault of kind ${kind} has no ${unknown}`);
}

function fitsPath(pattern: string | RegExp, path: string): boolean {
  if (pattern instanceof RegExp) return pattern.test(path);
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(path);
}

export function createFaults(random: Random): Faults {
  let faults: (SetFault & { seen: number })[] = [];
  let lastId = 0;

  function strikes(fault: SetFault & { seen: number }): boolean {
    const { times, probability, skip = 0 } = fault.rule;
    const limit = times ?? (probability === undefined ? 1 : Number.POSITIVE_INFINITY);
    if (fault.fired >= limit) return false;
    fault.seen += 1;
    if (fault.seen <= skip || (probability !== undefined && random.next() >= probability)) return false;
    fault.fired += 1;
    return true;
  }

  return {
    add(rule) {
      checkFaultRule(rule);
      lastId += 1;
      const fault = { id: lastId, rule, fired: 0, seen: 0 };
      faults.push(fault);
      return fault;
    },
    remove(id) {
      faults = faults.filter((fault) => fault.id !== id);
    },
    clear() {
      faults = [];
    },
    list: () => faults,
    strike({ operation, method, path }) {
      const effects: FaultEffect[] = [];
      for (const fault of faults) {
        const { rule } = fault;
        if (rule.operation !== undefined && rule.operation !== operation) continue;
        if (rule.method !== undefined && rule.method !== method) continue;
        if (rule.path !== undefined && !fitsPath(rule.path, path)) continue;
        if (!strikes(fault)) continue;
        effects.push(rule);
        if (rule.kind !== "delay") break;
      }
      return effects;
    },
  };
}
