import type { Freshness, Reading } from "../ringcentral/api/operation.ts";

/** What a request's `Cache-Control` demands (RFC 9111, 5.2.1): `no-cache`, `no-store` and `max-age` are heeded. */
export function parseFreshness(cacheControl: string | undefined): Freshness {
  const directives = (cacheControl ?? "")
    .toLowerCase()
    .split(",")
    .map((directive) => directive.trim());
  const maxAge = directives.map((directive) => /^max-age="?(\d{1,9})"?$/.exec(directive)?.[1]).find(Boolean);
  const isLive = directives.includes("no-cache") || directives.includes("no-store");
  return {
    ...(maxAge !== undefined && { maxAgeMs: Number(maxAge) * 1000 }),
    ...(isLive && { maxAgeMs: 0 }),
    ...(directives.includes("no-store") && { noStore: true }),
  };
}

/** An answer made of several readings is as old as the oldest of them, and cached if one of them was. */
export function combined(readings: readonly Reading[]): Reading | undefined {
  if (readings.length === 0) return undefined;
  const isCached = readings.some(({ source }) => source === "cache");
  return { source: isCached ? "cache" : "live", asOf: Math.min(...readings.map(({ asOf }) => asOf)) };
}
