import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startService } from "../support/service.ts";
import { percentile } from "./measurements.ts";
import { bundlePeers } from "./peers.ts";
import { startWarm } from "./warm-requests.ts";
import { SliceResult } from "./warm-slice.ts";

const [SLICES, WARM_UP, CALLS] = [12, 3, 200];

/** Processor time of what only ours does, ms. */
export interface WarmParts {
  tableRead: number;
  signature: number;
}

/** Measures the parts as `measureWarm` measures whole functions. */
export async function measureParts(): Promise<WarmParts> {
  const outDir = await mkdtemp(join(tmpdir(), "ringfront-parts-"));
  const service = await startService();
  try {
    const paths = await bundlePeers(outDir);
    const [table, signature] = [
      await startWarm(paths["table-read"], service),
      await startWarm(paths.signature, service),
    ];
    const play = async (child: typeof table) => {
      const answered = once(child, "message");
      child.send({ events: Array.from({ length: CALLS }, () => ({})) });
      return SliceResult.parse((await answered)[0]).cpuMs / CALLS;
    };
    const slices: WarmParts[] = [];
    for (let n = 0; n < SLICES; n += 1)
      slices.push({ tableRead: await play(table), signature: await play(signature) });
    for (const child of [table, signature]) child.kill();
    const median = (of: (part: WarmParts) => number) => percentile(slices.slice(WARM_UP).map(of), 0.5);
    return { tableRead: median((part) => part.tableRead), signature: median((part) => part.signature) };
  } finally {
    await service.stop();
    await rm(outDir, { recursive: true, force: true });
  }
}
