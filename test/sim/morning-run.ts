import { deflate } from "../../lib/platform/compression.ts";
import { omitUndefined } from "../../lib/platform/omit-undefined.ts";
import { createMemoryRecordStore } from "../support/memory-record-store.ts";
import { createSchedule } from "../support/schedule.ts";
import { createMorningProcess, type MorningWorld } from "./morning-process.ts";
import { MorningUpstream, type TokenArrival, type UpstreamOptions } from "./morning-upstream.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TOKEN_LIFE_MS = HOUR;
/** How long after the told time people and apps ask again. */
const LATE_MS = 2 * SECOND;
/** The life of a visit to the sign-in server (lib/sign-in/provider.ts). */
const VISIT_MS = 60 * MINUTE;

/** Whose token pays, and what is there in the morning. */
export type Tokens =
  /** The service user's, for all. */
  | { of: "service" }
  /** Sessions of which this share needs a refresh first; the others' tokens are of any age. */
  | { of: "users"; ended: number }
  /** Nobody has signed in yet. */
  | { of: "nobody" };

export interface Morning extends UpstreamOptions {
  name: string;
  users: number;
  /** All users open the app within this time. */
  withinMs: number;
  /** How long a user asks again; absent: until served. */
  patienceMs?: number;
  seed: number;
  tokens: Tokens;
  /** At least 99 % of the users are to be served at once. */
  isGoal?: true;
}

/** What became of one user's morning. */
export interface Visit {
  extensionId: string;
  openedAt: number;
  /** The overview is complete. Absent: the user gave up. */
  servedAt?: number;
  /** The first refusal's. */
  retryAfterMs?: number;
  /** The limit that was the reason of the first refusal. */
  refusedBy?: string;
  /** The user had to sign in. */
  signedIn?: true;
  refusals: number;
}

export interface MorningRun {
  morning: Morning;
  visits: Visit[];
  tokenCalls: readonly TokenArrival[];
  /** Of the API; those of the token endpoint are in `tokenCalls`. */
  rejected: number;
  /** Lambda's processes for the overview. */
  processes: number;
}

type Process = ReturnType<typeof createMorningProcess>;

/** Loads zlib: a schedule waits for nothing outside it. */
export const ready = () => deflate("");

/** Lambda's processes: a request takes the one that was idle last, or a new one. */
class Processes {
  readonly #world: MorningWorld;
  readonly #idle: Process[] = [];
  count = 0;

  constructor(world: MorningWorld) {
    this.#world = world;
  }

  async run<T>(task: (process: Process) => Promise<T>): Promise<T> {
    const process = this.#idle.pop() ?? this.#start();
    try {
      return await task(process);
    } finally {
      this.#idle.push(process);
    }
  }

  #start(): Process {
    this.count += 1;
    return createMorningProcess(this.#world);
  }
}

/** Users, and what they meet. */
export class Users {
  readonly visits: Visit[] = [];
  readonly screens: Processes;
  readonly #signIns: Processes;
  readonly #morning: Pick<Morning, "tokens" | "patienceMs">;
  readonly #world: MorningWorld;

  constructor(morning: Pick<Morning, "tokens" | "patienceMs">, world: MorningWorld) {
    [this.#morning, this.#world] = [morning, world];
    [this.screens, this.#signIns] = [new Processes(world), new Processes(world)];
  }

  /** Stores the session that the user has when they open the app. */
  begin(extensionId: string, openedAt: number): void {
    const { tokens } = this.#morning;
    const { schedule } = this.#world;
    if (tokens.of !== "users") return;
    const isEnded = schedule.random() < tokens.ended;
    const ageMs = isEnded
      ? TOKEN_LIFE_MS + schedule.between(0, 12 * HOUR)
      : schedule.between(0, TOKEN_LIFE_MS - MINUTE);
    this.beginAt(extensionId, openedAt - ageMs);
  }

  /** Stores a session that begins at that time, or now if that is past. */
  beginAt(extensionId: string, sentAt: number): void {
    const { schedule, upstream } = this.#world;
    schedule.after(Math.max(0, sentAt - schedule.clock.now()), () => {
      const grant = { ...upstream.begin(extensionId, sentAt), sentAt };
      void this.#signIns.run((process) => process.begin(extensionId, grant));
    });
  }

  /** Opens the app, and asks again when told. */
  async visit(extensionId: string): Promise<Visit> {
    const { tokens, patienceMs = Number.POSITIVE_INFINITY } = this.#morning;
    const { clock } = this.#world.schedule;
    const openedAt = clock.now();
    const refused: number[] = [];
    let servedAt: number | undefined;
    let refusedBy: string | undefined;
    let signedIn: true | undefined;
    while (servedAt === undefined && clock.now() - openedAt <= patienceMs) {
      const screen = await this.screens.run((process) =>
        process.overview(extensionId, tokens.of !== "service"),
      );
      if (screen.type === "complete") servedAt = clock.now();
      else if (screen.type === "sign_in") {
        signedIn = true;
        await this.#signIn(extensionId, refused);
      } else {
        refusedBy ??= screen.by;
        await this.#comeBack(screen.retryAfterMs, refused);
      }
    }
    const [first] = refused;
    const met = { servedAt, retryAfterMs: first, refusedBy, signedIn };
    const visit = omitUndefined({ extensionId, openedAt, refusals: refused.length, ...met });
    this.visits.push(visit);
    return visit;
  }

  block(extensionId: string): Promise<void> {
    const isOwn = this.#morning.tokens.of !== "service";
    return this.screens.run((process) => process.block(extensionId, isOwn));
  }

  /** The page of a sign-in that has to wait continues by itself. */
  async #signIn(extensionId: string, refused: number[]): Promise<void> {
    const { clock } = this.#world.schedule;
    for (let since = clock.now(); ; ) {
      // A visit that has expired begins again, and so does its place in the line.
      if (clock.now() - since > VISIT_MS) since = clock.now();
      const name = `${extensionId} ${since}`;
      const retryAfterMs = await this.#signIns.run((process) => process.signIn(extensionId, name));
      if (retryAfterMs === undefined) return;
      await this.#comeBack(retryAfterMs, refused);
    }
  }

  async #comeBack(retryAfterMs: number, refused: number[]): Promise<void> {
    const { schedule } = this.#world;
    refused.push(retryAfterMs);
    await schedule.clock.sleep(retryAfterMs + schedule.between(0, LATE_MS));
  }
}

/** Plays a morning until everybody is served or has given up. */
export async function runMorning(morning: Morning): Promise<MorningRun> {
  await ready();
  const { users: count, withinMs, seed } = morning;
  // Lambda's clocks are this good. The protocols hold with errors of 5 s too, which other simulations play.
  const schedule = createSchedule({ seed, maxSkewMs: 100, maxSteps: Number.POSITIVE_INFINITY });
  const upstream = new MorningUpstream(schedule, morning);
  const storage = { reads: 0, writes: 0, lostRaces: 0, isAway: false };
  const users = new Users(morning, { schedule, upstream, records: createMemoryRecordStore(), storage });
  const opensAt = schedule.clock.now() + 2 * HOUR;
  for (let n = 0; n < count; n++) {
    const extensionId = String(100_001 + n);
    const openedAt = opensAt + schedule.between(0, withinMs);
    users.begin(extensionId, openedAt);
    schedule.after(openedAt - schedule.clock.now(), () => void users.visit(extensionId));
  }
  await schedule.run();
  const { tokenCalls, rejected } = upstream;
  return { morning, visits: users.visits, tokenCalls, rejected, processes: users.screens.count };
}
