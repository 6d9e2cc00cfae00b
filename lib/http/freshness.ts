import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Freshness, Reading } from "../ringcentral/api/operation.ts";

/** `no-cache`, `no-store` and `max-age` of a request's `Cache-Control` (RFC 9111, 5.2.1). */
export function parseFreshness(cacheControl: string | undefined): Freshness {
  const directives = (cacheControl ?? "")
    .toLowerCase()
    .split(",")
    .map((directive) => directive.trim());
  const maxAge = directives.map((directive) => /^max-age="?(\d{1,9})"?$/.exec(directive)?.[1]).find(Boolean);
  const seconds = maxAge === undefined ? undefined : Number(maxAge);
  const noStore = directives.includes("no-store") || undefined;
  const isLive = noStore || directives.includes("no-cache");
  return omitUndefined({ maxAgeMs: isLive ? 0 : seconds && seconds * 1000, noStore });
}

/** Several readings are as old as the oldest one, and count as cached if one of them is. */
export function combined(readings: readonly Reading[]): Reading | undefined {
  if (readings.length === 0) return undefined;
  const isCached = readings.some(({ source }) => source === "cache");
  return { source: isCached ? "cache" : "live", asOf: Math.min(...readings.map(({ asOf }) => asOf)) };
}
