import type { Clock } from "../clock.ts";
import type { OutsideWriter } from "../data/outside-writer.ts";
import type { World } from "../data/world.ts";
import type { Codes } from "../oauth/codes.ts";
import type { IdTokens } from "../oauth/id-tokens.ts";
import type { Sessions } from "../oauth/sessions.ts";
import type { Settings } from "../options.ts";
import type { Random } from "../random.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { Schedule } from "./schedule.ts";
import type { Webhooks } from "./webhooks.ts";

/** The parts of one twin; twins share none of them. */
export interface Platform {
  world: World;
  settings: Settings;
  clock: Clock;
  random: Random;
  sessions: Sessions;
  codes: Codes;
  idTokens: IdTokens;
  limiter: RateLimiter;
  webhooks: Webhooks;
  schedule: Schedule;
  outsideWriter: OutsideWriter;
  /** Calls on moved extensions so far. */
  callsOnMoved: number;
  /** The twin's own address, without a trailing slash. */
  baseUrl: string;
}
