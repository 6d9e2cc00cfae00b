import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { RateLimiter } from "../ringcentral/rate-limit/ports.ts";
import type { RecordKey, RecordStore } from "../storage/record-store.ts";
import { updateRecord } from "../storage/update-record.ts";
import { isSavedInTime, SAVE_INTERVAL_MS } from "./save-counts.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** 1 KB for each day. It counts 10,000 users to about 1 %, and a few dozen exactly. */
const BITS = 8_192;
const MAX_LIMITED = 10;

const limitedUser = z.object({ extensionId: z.string(), rejections: z.number(), at: z.number() });
const recordSchema = z.object({
  /** By number of the day: a bit for each user, where a hash of the extension's id says. */
  days: z.record(z.string(), z.string().check(z.regex(/^[0-9a-f]+$/))),
  /** The users whose budgets rejected most calls since yesterday. */
  limited: z.array(limitedUser),
});
type UserBudgetsRecord = z.infer<typeof recordSchema>;
type LimitedUser = z.infer<typeof limitedUser>;

interface UserBudgetsDeps {
  records: RecordStore;
  clock: Clock;
  random: () => number;
  accountKey: string;
}

/**
 * How many users pay for their calls themselves, and whose budgets are short, for operators. Each process writes a user
 * once a day, and short budgets once a minute, all together in one record: no request costs a write of its own.
 */
export class UserBudgets {
  readonly #deps: UserBudgetsDeps;
  readonly #key: RecordKey;
  #seen = { day: 0, written: new Set<number>(), pending: new Set<number>() };
  #rejections = new Map<string, number>();
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: UserBudgetsDeps) {
    this.#deps = deps;
    this.#key = { partition: `account#${deps.accountKey}`, sort: "user-budgets" };
  }

  /** The user pays for a call, or would if their budget allowed it. */
  #saw(extensionId: string): void {
    const day = this.#day();
    if (this.#seen.day !== day) this.#seen = { day, written: new Set(), pending: new Set() };
    const bit = bitOf(extensionId);
    if (!this.#seen.written.has(bit)) this.#seen.pending.add(bit);
  }

  /** The user's rate limiter, with the user counted, and each call that it or RingCentral rejects. */
  counting(rateLimiter: RateLimiter, extensionId: string): RateLimiter {
    const count = () => this.#rejections.set(extensionId, (this.#rejections.get(extensionId) ?? 0) + 1);
    return {
      admit: async (request) => {
        this.#saw(extensionId);
        const permit = await rateLimiter.admit(request).catch((error) => {
          if (error instanceof RingCentralError && error.failure.kind === "rate_limited") count();
          throw error;
        });
        const observe: typeof permit.observe = (observation) => {
          if (observation.status === 429) count();
          return permit.observe(observation);
        };
        return { ...permit, observe };
      },
    };
  }

  /** Adds what this process has counted to the record, once a minute at most. Without the table the counts wait. */
  async save(deadline: Deadline): Promise<void> {
    const { clock } = this.#deps;
    const hasNews = this.#seen.pending.size > 0 || this.#rejections.size > 0;
    if (!hasNews || clock.now() - this.#savedAt < SAVE_INTERVAL_MS || deadline.remainingMs() === 0) return;
    this.#savedAt = clock.now();
    await isSavedInTime(this.#write(), clock, deadline);
  }

  /** @returns undefined while no user pays, and without the table */
  async describe(): Promise<{ count: number; limited: LimitedUser[] } | undefined> {
    const stored = await this.#deps.records.read(this.#key).catch(() => undefined);
    const { days, limited } = this.#current(stored?.value);
    const all = Object.values(days).reduce((map, hex) => map | mapIn(hex), 0n);
    const count = estimate(all.toString(2).replaceAll("0", "").length);
    return count === 0 ? undefined : { count, limited };
  }

  async #write(): Promise<void> {
    const { day, pending, written } = this.#seen;
    const [bits, rejections] = [[...pending], this.#rejections];
    this.#rejections = new Map();
    await updateRecord<UserBudgetsRecord>(this.#deps, this.#key, (value) => {
      const { days, limited } = this.#current(value);
      const today = bits.reduce((map, bit) => map | (1n << BigInt(bit)), mapIn(days[day]));
      const next = {
        days: { ...days, [day]: today.toString(16) },
        limited: this.#ranked(limited, rejections),
      };
      return { value: next, expiresAt: this.#deps.clock.now() + 2 * DAY_MS };
    });
    for (const bit of bits) {
      written.add(bit);
      pending.delete(bit);
    }
  }

  #ranked(limited: readonly LimitedUser[], more: ReadonlyMap<string, number>): LimitedUser[] {
    const all = new Map(limited.map((user) => [user.extensionId, user]));
    for (const [extensionId, count] of more) {
      const rejections = (all.get(extensionId)?.rejections ?? 0) + count;
      all.set(extensionId, { extensionId, rejections, at: this.#deps.clock.now() });
    }
    return [...all.values()].sort((a, b) => b.rejections - a.rejections).slice(0, MAX_LIMITED);
  }

  /** Today and yesterday. */
  #current(value: unknown): UserBudgetsRecord {
    const parsed = recordSchema.safeParse(value);
    const { days, limited } = parsed.success ? parsed.data : { days: {}, limited: [] };
    const yesterday = this.#day() - 1;
    return {
      days: Object.fromEntries(Object.entries(days).filter(([day]) => Number(day) >= yesterday)),
      limited: limited.filter(({ at }) => at >= yesterday * DAY_MS),
    };
  }

  #day(): number {
    return Math.floor(this.#deps.clock.now() / DAY_MS);
  }
}

function bitOf(extensionId: string): number {
  return createHash("sha256").update(extensionId).digest().readUInt16BE() % BITS;
}

const mapIn = (hex = "0") => BigInt(`0x${hex}`);

/** Linear counting: several users may share a bit. */
function estimate(set: number): number {
  return Math.round(-BITS * Math.log(1 - Math.min(set, BITS - 1) / BITS));
}
