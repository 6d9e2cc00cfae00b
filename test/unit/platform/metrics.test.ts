import { describe, expect, it } from "vitest";
import { createMetrics } from "../../../lib/platform/metrics.ts";

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const clock = { now: () => 1_767_225_600_000, sleep: async () => {} };
  const metrics = createMetrics({ clock, write: (line) => lines.push(JSON.parse(line)) });
  return { metrics, lines };
}

describe("metrics", () => {
  it("are one line for each set of dimensions, in the embedded metric format", () => {
    const { metrics, lines } = setUp();
    metrics.count("RequestCount", 1, { Route: "listBlockedNumbers" });
    metrics.record("RequestDurationMs", 12, "Milliseconds", { Route: "listBlockedNumbers" });
    metrics.count("TokenRequests");
    metrics.flush();
    expect(lines).toEqual([
      {
        _aws: {
          Timestamp: 1_767_225_600_000,
          CloudWatchMetrics: [
            {
              Namespace: "Ringfront",
              Dimensions: [[], ["Route"]],
              Metrics: [
                { Name: "RequestCount", Unit: "Count" },
                { Name: "RequestDurationMs", Unit: "Milliseconds" },
              ],
            },
          ],
        },
        Route: "listBlockedNumbers",
        RequestCount: 1,
        RequestDurationMs: 12,
      },
      {
        _aws: {
          Timestamp: 1_767_225_600_000,
          CloudWatchMetrics: [
            {
              Namespace: "Ringfront",
              Dimensions: [[]],
              Metrics: [{ Name: "TokenRequests", Unit: "Count" }],
            },
          ],
        },
        TokenRequests: 1,
      },
    ]);
  });

  it("add up counts and keep every recorded value", () => {
    const { metrics, lines } = setUp();
    metrics.count("CacheHits");
    metrics.count("CacheHits", 2);
    metrics.record("UpstreamPausedMs", 5, "Milliseconds", { Group: "light" });
    metrics.record("UpstreamPausedMs", 7, "Milliseconds", { Group: "light" });
    metrics.flush();
    expect(lines).toMatchObject([{ CacheHits: 3 }, { Group: "light", UpstreamPausedMs: [5, 7] }]);
  });

  it("are written once", () => {
    const { metrics, lines } = setUp();
    metrics.count("CacheHits");
    metrics.flush();
    metrics.flush();
    expect(lines).toHaveLength(1);
  });

  it("put no more values into a line than CloudWatch reads", () => {
    const { metrics, lines } = setUp();
    for (let value = 0; value < 250; value += 1) {
      metrics.record("UpstreamDurationMs", value, "Milliseconds", { Group: "light" });
    }
    metrics.flush();
    expect(lines.map((line) => (line.UpstreamDurationMs as number[]).length)).toEqual([100, 100, 50]);
  });
});
