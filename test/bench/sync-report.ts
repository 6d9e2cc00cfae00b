import * as z from "zod/mini";
import { type Column, type Section, table } from "./report.ts";

/** The syncs of an account, one after the other, and reads of what they stored. */
export const SyncMeasures = z.object({
  syncs: z.array(
    z.object({
      numbers: z.number(),
      name: z.string(),
      heavy: z.number(),
      light: z.number(),
      writeUnits: z.number(),
      readUnits: z.number(),
      microsPerNumber: z.number(),
      peakMb: z.number(),
    }),
  ),
  reads: z.array(
    z.object({ numbers: z.number(), name: z.string(), p50: z.number(), tableReads: z.number() }),
  ),
});
export type SyncMeasures = z.output<typeof SyncMeasures>;

const number: Column = { name: "numbers", align: "right" };
const text = (name: string): Column => ({ name, align: "left" });
function short(ms: number): string {
  if (ms < 0.005) return "< 0.01";
  return ms < 0.095 ? ms.toFixed(2) : ms.toFixed(ms < 9.5 ? 1 : 0);
}

export function syncSection(all: readonly SyncMeasures[]): Section {
  const syncs = table(
    [
      number,
      text("sync"),
      "Heavy calls",
      "Light calls",
      "write units",
      "read units",
      "µs a number",
      "peak MB",
    ],
    all.flatMap((one) =>
      one.syncs.map(({ numbers, name, heavy, light, writeUnits, readUnits, microsPerNumber, peakMb }) => [
        numbers,
        name,
        heavy,
        light,
        writeUnits,
        readUnits,
        Math.round(microsPerNumber),
        Math.round(peakMb),
      ]),
    ),
  );
  const reads = table(
    [number, text("read"), "p50 ms", "table reads"],
    all.flatMap((one) =>
      one.reads.map(({ numbers, name, p50, tableReads }) => [numbers, name, short(p50), tableReads]),
    ),
  );
  return {
    title: "The sync",
    text: `\`npm run bench:sync\` models RingCentral and the table in the process, so times are the sync's own. Write units are those
that DynamoDB would count for the written items. With RingCentral's Heavy limit a full scan of a hundred pages takes ten minutes on
any machine.

${syncs}

- A full scan is \`ceil(n / 1000)\` Heavy calls. The Light calls look up numbers that were missing from it.
- An unchanged account costs two write units a page: the checkpoint and the proof of the page.
- One changed number rewrites one chunk of about 500. One in a hundred, spread evenly, changes every chunk: the version then costs
as much as the first one, without its staged pages.
- The peak is that of the whole process after each sync, with the model's numbers and the table.
- Times vary by a factor of two or three with the load of the machine; counts by a few units.

${reads}

- "Cold" reads begin without the chunks that a process keeps. Each table read adds its round trip; those of chunks go 16 at a time.`,
  };
}
