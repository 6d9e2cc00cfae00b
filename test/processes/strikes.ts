import { setTimeout as pause } from "node:timers/promises";
import { SEED } from "../twin/twin.ts";
import { deal, dealShare } from "./deck.ts";
import { everyKind, type Fault, type FaultProxy, type ProxiedRequest } from "./fault-proxy.ts";
import { type Dependency, isAdd, type World } from "./world.ts";

export const serverError = {
  status: 500,
  body: JSON.stringify({ __type: "com.amazonaws#InternalServerError" }),
};
export const isApi = ({ path }: ProxiedRequest) => !path.includes("/oauth/");

/**
 * A share of the requests fails, in every way equally often. The first requests fail once in each way, because some
 * dependencies get few.
 */
export function inEveryWay(
  share: number,
  random: () => number,
  only: (request: ProxiedRequest) => boolean = () => true,
  delayMs = () => 3_000 * random(),
) {
  const ways: Fault[] = [
    { kind: "refuse" },
    { kind: "status", ...serverError },
    { kind: "reset", processed: true },
    { kind: "delay", ms: delayMs },
  ];
  const way = deal(ways, random);
  const isStruck = dealShare(share, random);
  let count = 0;
  return (request: ProxiedRequest): Fault | undefined => {
    if (!only(request)) return undefined;
    count += 1;
    return count <= ways.length || isStruck.next().value ? way.next().value : undefined;
  };
}

/** Each request fails, in every way equally often: a client gives up before a response comes. */
export const inEveryWayAlways = (random: () => number) => inEveryWay(1, random, undefined, () => 20_000);

/** Waits until each of the dependencies has failed in every way, on a machine of any speed. */
export async function untilAllFailed(
  { proxies }: World,
  names: readonly Dependency[],
  latest: number,
): Promise<void> {
  const isMet = ({ struck }: FaultProxy) => everyKind.every((kind) => struck[kind] > 0);
  while (Date.now() < latest && !names.every((name) => isMet(proxies[name]))) await pause(500);
}

type Blow = "kill" | "freeze";

/**
 * Kills an instance every `everyMs`, or freezes it for 1 to 8 s. Their number depends on the time alone. Half of them hit
 * an instance at work, if there is one.
 */
export async function disturb(world: World, until: number, how: Blow | "both", everyMs: number) {
  const from = Date.now();
  const count = Math.round((until - from) / everyMs);
  const blows: readonly Blow[] = how === "both" ? ["kill", "freeze"] : [how];
  const blow = deal(blows, world.random);
  const isAtWork = dealShare(0.5, world.random);
  for (let n = 0; n < count; n += 1) {
    await pause(Math.max(0, from + (n + world.random()) * everyMs - Date.now()));
    await strike(world, blow.next().value, isAtWork.next().value, until + MAX_WAIT_MS);
  }
}

/** Time in which an instance must be there to be struck: all may have just been killed. */
const MAX_WAIT_MS = 10_000;

async function strike(world: World, blow: Blow, isAtWork: boolean, latest: number): Promise<void> {
  for (; Date.now() < latest; await pause(100)) {
    const running = world.instances.filter((instance) => instance.isRunning);
    const busy = running.filter((instance) => instance.isBusy);
    const candidates = isAtWork && busy.length > 0 ? busy : running;
    const chosen = candidates[Math.floor(world.random() * candidates.length)];
    if (chosen === undefined) continue;
    if (chosen.isBusy) world.disturbances.atWork += 1;
    if (blow === "kill") {
      world.disturbances.kills += 1;
      chosen.kill();
    } else {
      world.disturbances.freezes += 1;
      void chosen.freeze(1_000 + 7_000 * world.random());
    }
    return;
  }
}

/** First POSTs that are lost, and that are late, on a machine of any speed. */
const MIN_FATES = 3;
const MAX_EXTRA_MS = 120_000;
/** Leaves room for the numbers of the writers: an extension has ten. */
const MAX_OTHERS = 5;
/**
 * The first POSTs of the numbers are lost, late and carried out in turn; each later one is carried out. Where one was
 * lost, another app then adds the same number with another label.
 */
export async function failFirstSends({ proxies, random, twin }: World, until: number): Promise<void> {
  const seen = new Set<string>();
  const afterMs = () => 2_000 + 113_000 * random();
  const fates: (Fault | undefined)[] = [
    { kind: "status", status: 504, body: "" },
    { kind: "late effect", status: 504, afterMs },
    undefined,
  ];
  proxies.ringcentral.set((request) => {
    // POSTs of the same number have the same body.
    if (!isAdd(request) || seen.has(request.body)) return undefined;
    seen.add(request.body);
    const fate = fates[(seen.size - 1) % fates.length];
    const { forwarding } = twin.extension(SEED.extensionId);
    if (fate?.kind === "status" && forwarding.length < MAX_OTHERS) {
      const { phoneNumber } = JSON.parse(request.body);
      forwarding.push({
        id: String(900_000 + seen.size),
        type: "Mobile",
        label: "Mobile",
        features: [],
        phoneNumber,
      });
    }
    return fate;
  });
  const { struck } = proxies.ringcentral;
  const isShort = () => Math.min(struck.status, struck["late effect"]) < MIN_FATES;
  await pause(until - Date.now());
  while (isShort() && Date.now() < until + MAX_EXTRA_MS) await pause(500);
}
