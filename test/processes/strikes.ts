import { setTimeout as pause } from "node:timers/promises";
import { SEED } from "../twin/twin.ts";
import type { Fault, ProxiedRequest } from "./fault-proxy.ts";
import { isAdd, type World } from "./world.ts";

export const serverError = {
  status: 500,
  body: JSON.stringify({ __type: "com.amazonaws#InternalServerError" }),
};
export const isApi = ({ path }: ProxiedRequest) => !path.includes("/oauth/");

/** A share of the requests fails, in every way in turn. */
export function inEveryWay(
  share: number,
  random: () => number,
  only: (request: ProxiedRequest) => boolean = () => true,
) {
  let count = 0;
  const ways: Fault[] = [
    { kind: "refuse" },
    { kind: "status", ...serverError },
    { kind: "reset", processed: true },
    { kind: "delay", ms: () => 3_000 * random() },
  ];
  return (request: ProxiedRequest): Fault | undefined => {
    if (!only(request) || random() >= share) return undefined;
    count += 1;
    return ways[count % ways.length];
  };
}

/** Kills a random instance every `everyMs`, or freezes it for 1 to 8 s. */
export async function disturb(world: World, until: number, how: "kill" | "freeze" | "both", everyMs: number) {
  while (Date.now() < until) {
    await pause(everyMs * (0.5 + world.random()));
    const alive = world.instances.filter(({ isGone }) => !isGone);
    const chosen = alive[Math.floor(world.random() * alive.length)];
    if (chosen === undefined) continue;
    if (how === "freeze" || (how === "both" && world.random() < 0.5)) {
      world.disturbances.freezes += 1;
      void chosen.freeze(1_000 + 7_000 * world.random());
    } else {
      world.disturbances.kills += 1;
      chosen.kill();
    }
  }
}

/** Leaves room for the numbers of the writers: an extension has ten. */
const MAX_OTHERS = 5;
/**
 * The first POSTs of the numbers are lost, late and carried out in turn; each later one is carried out. Where one was
 * lost, another app then adds the same number with another label.
 */
export function failFirstSends({ proxies, random, twin }: World): void {
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
}
