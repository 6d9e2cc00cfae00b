import type { Metrics } from "../platform/metrics.ts";
import type { TokenEvent } from "./auth/ports.ts";
import type { RateLimitEvent } from "./rate-limit/ports.ts";

/** The rate limiter's events as metrics. The fleet is meant to prevent 429s, so each is counted. */
export function countRateLimitEvent(metrics: Metrics, event: RateLimitEvent, now: number): void {
  switch (event.type) {
    case "paused":
      metrics.count("UpstreamRateLimited", 1, { Group: event.group });
      metrics.record("UpstreamPausedMs", Math.max(0, event.until - now), "Milliseconds", {
        Group: event.group,
      });
      break;
    case "external_usage":
      metrics.count("ExternalUsage", event.count, { Group: event.group });
      break;
    case "contention":
      metrics.count("RateLimiterContention", 1, { Group: event.group });
      break;
    case "degraded":
      metrics.count("RateLimiterDegraded");
      break;
  }
}

/** RingCentral allows 5 token calls a minute for the whole application [docs: AUTH5], so each is counted. */
export function countTokenEvent(metrics: Metrics, event: TokenEvent): void {
  switch (event.type) {
    case "login":
    case "session_ended":
      metrics.count("TokenRequests");
      break;
    case "login_failed":
      metrics.count("TokenRequests");
      metrics.count("TokenFailures");
      break;
    case "unreadable":
      metrics.count("TokenUnreadable");
      break;
    case "degraded":
      metrics.count("SharedTokenDegraded");
      break;
  }
}
