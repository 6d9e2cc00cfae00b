// One function, kept warm. The parent sends slices of requests; the time and the processor time are measured here, so
// that neither its dependencies nor the other functions count.
import { writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import * as z from "zod/mini";
import { WarmSlice } from "./warm-slice.ts";

const Response = z.object({ statusCode: z.number(), body: z.optional(z.string()) });

const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 15_000 };

async function play(handle: (event: unknown, context: object) => Promise<unknown>, message: unknown) {
  const { events, profile } = WarmSlice.parse(message);
  const endProfile = profile === undefined ? undefined : await beginProfile(profile);
  const latencies: number[] = [];
  let failed: string | undefined;
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  for (const event of events) {
    const sentAt = performance.now();
    const { statusCode, body } = Response.parse(await handle(event, context));
    latencies.push(performance.now() - sentAt);
    if (statusCode >= 300) failed = `${statusCode} ${body}`;
  }
  const { user, system } = process.cpuUsage(before);
  await endProfile?.();
  const result = { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000, latencies };
  process.send?.({ ...result, ...(failed !== undefined && { failed }) });
}

async function beginProfile(path: string) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 100 });
  await session.post("Profiler.start");
  return async () => {
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    await writeFile(path, JSON.stringify(profile));
  };
}

const { handler } = await import(process.argv[2] ?? "");
process.on("message", (message) => void play(handler, message));
process.on("disconnect", () => process.exit());
process.send?.("ready");
