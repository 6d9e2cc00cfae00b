import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import * as z from "zod/mini";

/** A profile of V8, as its inspector gives it, and as much of a source map as is read. */
const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({
        functionName: z.string(),
        url: z.string(),
        lineNumber: z.number(),
        columnNumber: z.number(),
      }),
      children: z.optional(z.array(z.number())),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
const BundleMap = z.looseObject({
  version: z.number(),
  file: z._default(z.string(), ""),
  sources: z.array(z.string()),
  sourcesContent: z.array(z.string()),
  names: z.array(z.string()),
  mappings: z.string(),
  sourceRoot: z._default(z.string(), ""),
});

/** Parts of the processor time, the largest first. Together they are 1. */
export type Shares = readonly (readonly [part: string, share: number])[];

const NETWORK = "Node: network, streams, timers";
const GARBAGE = "garbage collection";
export const TABLE_CLIENT = "table client";
/** The part that a source belongs to, the first that fits. */
const parts: readonly [part: string, source: RegExp][] = [
  [TABLE_CLIENT, /@aws-sdk|@smithy|lib\/storage\/|lib\/platform\/aws|replacements\/lambda-credentials/],
  ["`got`", /node_modules\/(got|@sindresorhus|keyv|form-data-encoder|lowercase-keys|decompress-response)\b/],
  [
    "token and its signature",
    /node_modules\/jose\/|lib\/http\/(authenticate|claims|verified-tokens|issuer-keys)/,
  ],
  ["schemas", /node_modules\/zod\//],
  [
    "tags and encoding of the response",
    /lib\/platform\/content-tag|lib\/http\/(encode|conditional|response)/,
  ],
  ["log line and metrics", /lib\/platform\/(logger|metrics)/],
  ["rate limit, read cache, RingCentral client", /lib\/ringcentral\//],
];
/** What a peer has as well. */
export const sharedParts: ReadonlySet<string> = new Set([NETWORK, GARBAGE, "`got`"]);
const OTHERS = "the rest of ours";
/** `node:inspector` begins and ends the profile. */
const isNoWork = ({ functionName, url }: { functionName: string; url: string }) =>
  url === "node:inspector" || ["(idle)", "(root)", "(program)"].includes(functionName);

/**
 * Where a bundle spends its processor time. What Node does for a function counts as that function's; what it does by
 * itself, such as reading from a connection, is a part.
 * @param path of a profile @param bundle its URL ends so @param map path of the bundle's source map
 */
export async function sharesOf(path: string, bundle: string, map: string): Promise<Shares> {
  const { nodes, samples, timeDeltas } = Profile.parse(JSON.parse(await readFile(path, "utf8")));
  const sources = new SourceMap(BundleMap.parse(JSON.parse(await readFile(map, "utf8"))));
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const partOf = (id: number): string | undefined => {
    const own = byId.get(id);
    if (own === undefined || isNoWork(own)) return undefined;
    if (own.functionName === "(garbage collector)") return GARBAGE;
    for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
      const frame = byId.get(at);
      if (!frame?.url.endsWith(bundle)) continue;
      const entry = sources.findEntry(frame.lineNumber, frame.columnNumber);
      const source = "originalSource" in entry ? entry.originalSource : "";
      return parts.find(([, pattern]) => pattern.test(source))?.[0] ?? OTHERS;
    }
    return NETWORK;
  };
  const micros = new Map<string, number>();
  samples.forEach((id, n) => {
    const part = partOf(id);
    if (part !== undefined) micros.set(part, (micros.get(part) ?? 0) + (timeDeltas[n] ?? 0));
  });
  const all = [...micros.values()].reduce((sum, one) => sum + one, 0);
  return [...micros].map(([part, one]) => [part, one / all] as const).sort(([, a], [, b]) => b - a);
}
