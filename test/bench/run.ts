// `npm run bench`: the cost of one request in a warm process. Writes its section of docs/benchmarks.md.
// `npm run bench:all` runs all measurements.
import { table, writeSection } from "./report.ts";
import { measureRequests, RINGCENTRAL_MS, RUNS } from "./requests.ts";

const measures = await measureRequests();
const rounded = (count: number) => Number(count.toFixed(1));
const requests = table(
  ["case", "p50 ms", "p99 ms", "RingCentral calls", "table reads", "table writes"],
  measures.map(({ name, p50, p99, sent, reads, writes }) => {
    const isDirect = reads + writes === 0;
    const tableCalls = isDirect ? ["-", "-"] : [rounded(reads), rounded(writes)];
    return [name, Math.round(p50), Math.round(p99), rounded(sent), ...tableCalls];
  }),
);
console.log(requests);

const named = (name: string) => {
  const found = measures.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case "${name}"`);
  return found;
};
const ratio = (name: string, to: string) => (named(name).p50 / named(to).p50).toFixed(2);
const DIRECT = "read: RingCentral directly";
const LIVE = "read: live (`no-cache`)";
// A live read leaves its response in the cache with one write; the rest is the rate limiter's and the token's.
const writes = (named(LIVE).writes - 1).toFixed(1);

writeSection("npm run bench", {
  title: "One request",
  text: `The real handlers in one warm process, against the twin with a response time of ${RINGCENTRAL_MS} ms (RingCentral itself takes
100 to 400 ms) and dynalite on loopback. ${RUNS} runs each. The counts are those of one request; in the row of 50 at once
they are of all 50 together, which share one call.

${requests}

- A live read takes ${ratio(LIVE, DIRECT)} times as long as RingCentral itself; a cached read
${ratio("read: from the cache", DIRECT)} times. The list is that of forwarding numbers, which reads one record more: which call
handling serves the extension.
- The overview takes ${ratio("screen: overview, live", "screen: four RingCentral calls in turn")} times as long as its four calls in
sequence.
- The rate limiter and the shared token add ${writes} table writes to a call: a process takes permits in small batches.`,
});
process.exit();
