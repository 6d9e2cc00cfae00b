import { connect } from "node:net";
import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createTransport } from "../../lib/ringcentral/http/transport.ts";
import { startTwin } from "../twin/twin.ts";
import { collectedHeapMb } from "./heap.ts";

/** What a minute of real connections came to. */
export interface SocketMinute {
  requests: number;
  failed: number;
  /** Sockets of both ends, at their most and when nothing has been sent for `IDLE_MS`. */
  most: number;
  idle: number;
  heapGrowthMb: number;
}

const CONCURRENT = 20;
/** Longer than a client keeps an idle connection, also one that it no longer uses because of a timeout on another. */
export const IDLE_MS = 11_000;

/** Of both ends: client and twin share this process. */
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/** The client's transport on real connections, which the twin resets, cuts and leaves open. */
export async function playSockets(ms: number, isLeaking: boolean): Promise<SocketMinute> {
  const twin = await startTwin({ limits: false });
  const { send } = createTransport({ attemptTimeoutMs: 500 });
  const url = new URL("/restapi/v1.0", twin.url);
  const seen = { requests: 0, failed: 0, most: 0 };
  const once = async () => {
    if (isLeaking && seen.requests % 100 === 0) connect(Number(url.port), url.hostname);
    const deadline = deadlineIn(10_000, systemClock);
    await send({ operation: "soak", method: "GET", url, headers: {}, deadline }).catch(() => {
      seen.failed += 1;
    });
    seen.requests += 1;
  };
  const load = async (until: number) => {
    const lanes = Array.from({ length: CONCURRENT }, async () => {
      while (Date.now() < until) {
        await once();
        await systemClock.sleep(20);
        seen.most = Math.max(seen.most, sockets());
      }
    });
    await Promise.all(lanes);
  };
  for (const kind of ["reset", "reset-after-processing", "truncated-body", "timeout"] as const) {
    twin.faults.add({ kind, probability: kind === "timeout" ? 0.002 : 0.02 });
  }
  const startedAt = Date.now();
  await load(startedAt + ms / 4);
  const heapBefore = collectedHeapMb();
  twin.clearRequests();
  await load(startedAt + ms);
  twin.clearRequests();
  await systemClock.sleep(IDLE_MS);
  const idle = sockets();
  const heapGrowthMb = collectedHeapMb() - heapBefore;
  await twin.close();
  return { ...seen, idle, heapGrowthMb };
}

export function socketLeaksOf({ idle, heapGrowthMb }: SocketMinute): string[] {
  const leaks: string[] = [];
  if (idle > 0) leaks.push(`${idle} sockets are open ${IDLE_MS / 1_000} s after the last response`);
  if (heapGrowthMb > 3) leaks.push(`the heap grew by ${heapGrowthMb.toFixed(1)} MB`);
  return leaks;
}
