import { queryObjects, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What is really in use. */
export function collectedHeapMb(): number {
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

/** How many entries all maps and sets of the process have, wherever they are kept, and the largest of them. */
export function entriesInProcess(): { all: number; largest: number } {
  const counts = [Map, Set].flatMap((kind) =>
    queryObjects(kind, { format: "summary" }).map((text) => Number(/^\w+\((\d+)\)/.exec(text)?.[1] ?? 0)),
  );
  const all = counts.reduce((sum, one) => sum + one, 0);
  return { all, largest: counts.reduce((most, one) => Math.max(most, one), 0) };
}
