import type { TestResponse } from "../support/api-gateway.ts";
import { SEED } from "../twin/twin.ts";
import { changesSince, prepare, type RouteKind, runSyncOnce } from "./routes.ts";
import { type Crossing, type Payer, ProcessDied, type World } from "./world.ts";

/** A piece of work during which the process dies at each of its messages in turn. */
export interface Work {
  title: string;
  /** The world before it, and the request that is repeated until it succeeds. */
  begin(world: World): Promise<Attempts>;
}

interface Attempts {
  /** @returns the milliseconds after which to try again; `undefined`: it has succeeded */
  attempt(): Promise<number | undefined>;
  /** What is wrong when it has succeeded. */
  faults(): Promise<string[]>;
  /** When a sender without a response tries again. */
  retryMs: number;
}

export interface DeathOutcome {
  title: string;
  deaths: number;
  /** The longest time from a death to the success. */
  longestMs: number;
  requests: number;
  wrong: string[];
}

const MINUTE_MS = 60_000;
/** A write that got no response may take effect for two minutes; the lease of its process ends before. */
const LONGEST_MS = 4 * MINUTE_MS;
/** After that the queue gives a message to another process. */
const VISIBILITY_MS = 6 * MINUTE_MS;
const MOST_CROSSINGS = 500;

const request = (
  title: string,
  kind: RouteKind,
  payer: Payer,
  before: (world: World) => void = () => {},
): Work => ({
  title,
  async begin(world) {
    const scene = await prepare(kind, payer, world);
    before(world);
    let last: TestResponse | undefined;
    return {
      retryMs: 1_000,
      async attempt() {
        last = await scene.send();
        const isGone = kind === "delete" && last.body?.code === "not_found";
        if (last.status < 300 || isGone) return undefined;
        if (last.body.retryable !== true)
          throw new Error(`${last.status} ${last.body.code} is not retryable`);
        return Number(last.headers["retry-after"] ?? 1) * 1_000;
      },
      async faults() {
        const untruth = last === undefined || last.status >= 300 ? undefined : await scene.untruth(last);
        const isWrite = kind !== "list live";
        return [
          ...(isWrite && scene.effect() !== "done" ? [`effect ${scene.effect()}`] : []),
          ...(untruth === undefined ? [] : [untruth]),
        ];
      },
    };
  },
});

const expireTokens = ({ twin }: World) => twin.expireTokens();

/** A number is new, one has another label, and one is gone. */
const sync: Work = {
  title: "a sync",
  async begin(world) {
    const readChanges = await changesSince(world);
    const numbers = world.twin.state.accounts.get(SEED.accountId)?.numbers ?? [];
    const [changed, gone] = numbers.filter(({ usageType }) => usageType === "DirectNumber");
    if (changed === undefined || gone === undefined) throw new Error("too few numbers");
    const added = world.twin.numbers.add({ phoneNumber: "+16505550160" });
    world.twin.numbers.update(changed.id, { label: "Lab" });
    world.twin.numbers.remove(gone.id);
    const expected = [`added ${added.id}`, `removed ${gone.id}`, `updated ${changed.id}`];
    return {
      retryMs: VISIBILITY_MS,
      attempt: async () => ((await runSyncOnce(world)) ? undefined : VISIBILITY_MS),
      async faults() {
        // A removal is confirmed by a second reading, which another message asks for.
        if (world.queued.length > 0) {
          await world.time.advance(15 * MINUTE_MS);
          await runSyncOnce(world);
        }
        const changes = await readChanges();
        const isAsExpected = JSON.stringify(changes.sort()) === JSON.stringify(expected.sort());
        return isAsExpected ? [] : [`the feed has ${changes.join(", ")}, not ${expected.join(", ")}`];
      },
    };
  },
};

export const works: readonly Work[] = [
  request("block a number, without a key", "block", "service"),
  request("block a number, with a key", "block, key", "service"),
  request("block a number, with a key, own session", "block, key", "own"),
  request("delete a blocked number", "delete", "service"),
  request("change a forwarding number, legacy", "change", "service"),
  request("change a forwarding number, moved: two stores", "change, moved", "service"),
  request("log in for a token that has ended", "list live", "service", expireTokens),
  request("refresh a user's token that has ended", "list live", "own", expireTokens),
  sync,
];

/** Dies at the first message of the work, then at the second, until it succeeds without reaching the place of its death. */
export async function playDeaths(world: World, work: Work): Promise<DeathOutcome> {
  const outcome: DeathOutcome = { title: work.title, deaths: 0, longestMs: 0, requests: 0, wrong: [] };
  for (let place = 1; place < MOST_CROSSINGS; place += 1) {
    const { attempt, faults, retryMs } = await work.begin(world);
    let crossings = 0;
    let died: Crossing | undefined;
    world.diesAt = (crossing) => {
      crossings += 1;
      if (died !== undefined || crossings !== place) return false;
      died = crossing;
      return true;
    };
    const startedAt = world.time.now();
    const isOver = () => world.time.now() - startedAt > Math.max(LONGEST_MS, 3 * retryMs);
    try {
      for (let waitMs: number | undefined = 0; waitMs !== undefined; ) {
        if (isOver()) throw new Error("does not succeed");
        await world.time.advance(waitMs);
        outcome.requests += 1;
        waitMs = await attempt().catch((error: unknown) => {
          if (error instanceof ProcessDied) return retryMs;
          throw error;
        });
      }
      outcome.longestMs = Math.max(outcome.longestMs, died === undefined ? 0 : world.time.now() - startedAt);
      if (died === undefined) return outcome;
      outcome.deaths += 1;
      outcome.wrong.push(...(await faults()).map((fault) => `${describe(place, died)}: ${fault}`));
    } catch (error) {
      outcome.wrong.push(`${describe(place, died)}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`${work.title} does not end`);
}

const describe = (place: number, died: Crossing | undefined) =>
  died === undefined ? "without a death" : `death ${place}, ${died.phase} ${died.name}`;
