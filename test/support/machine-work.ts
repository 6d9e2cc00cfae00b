import { type ChannelListener, channel } from "node:diagnostics_channel";
import { ClientRequest } from "node:http";
import { setImmediate } from "node:timers/promises";

/** Turns of the event loop without work, after which everything waits for time to pass. */
const QUIET_TURNS = 12;
/** Of the machine's time. */
const STUCK_MS = 60_000;

let underWay = 0;
let inThreads = 0;
const requests = new Set<ClientRequest>();
/** Requests, or exchanges, that their server makes wait for time to pass. */
export const heldRequests = new Set<object>();

/**
 * Counts work of the machine until it ends. What goes on in threads, files or sockets takes any number of turns of the event
 * loop, and no virtual time.
 */
export async function working<Result>(work: Promise<Result>): Promise<Result> {
  underWay += 1;
  return work.finally(() => {
    underWay -= 1;
  });
}

/** From now on this process's requests over HTTP count as work, those within counted work not twice. */
export function countRequests(): void {
  const watch: ChannelListener = (message) => {
    if (typeof message !== "object" || message === null || !("request" in message)) return;
    const { request } = message;
    if (!(request instanceof ClientRequest)) return;
    requests.add(request);
    request.once("close", () => requests.delete(request));
  };
  channel("http.client.request.start").subscribe(watch);
}

/** Waits until no counted work is under way, and what follows from it waits as well. */
export async function workDone(quietTurns = QUIET_TURNS): Promise<void> {
  const startedAt = performance.now();
  for (let quiet = 0; quiet < quietTurns; ) {
    await setImmediate();
    const isBusy = inThreads > 0 || Math.max(underWay, requests.size) !== heldRequests.size;
    quiet = isBusy ? 0 : quiet + 1;
    if (isBusy && performance.now() - startedAt > STUCK_MS) {
      throw new Error(`stuck: ${requests.size} requests, of which ${heldRequests.size} wait`);
    }
  }
}

// WebCrypto works in threads, so each of its calls is counted.
const { subtle } = crypto;
for (const [name, { value }] of Object.entries(
  Object.getOwnPropertyDescriptors(Object.getPrototypeOf(subtle)),
)) {
  if (name === "constructor" || typeof value !== "function") continue;
  const counted = async (...given: unknown[]) => {
    inThreads += 1;
    return Promise.resolve(Reflect.apply(value, subtle, given)).finally(() => {
      inThreads -= 1;
    });
  };
  Object.assign(subtle, { [name]: counted });
}
