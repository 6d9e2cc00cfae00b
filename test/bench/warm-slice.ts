import * as z from "zod/mini";

/** What a warm process gets: requests, one after the other. */
export const WarmSlice = z.object({
  events: z.array(z.unknown()),
  /** Where a profile of the slice goes. */
  profile: z.optional(z.string()),
});
/** What it says about them. */
export const SliceResult = z.object({
  wallMs: z.number(),
  cpuMs: z.number(),
  latencies: z.array(z.number()),
  /** A response that is no success. */
  failed: z.optional(z.string()),
});
