import type { Metrics } from "../platform/metrics.ts";
import type { GovernorEvent } from "./governor/events.ts";
import type { TokenStoreEvent } from "./token-store/events.ts";

/** What the fleet's governor finds, as metrics: 429s are the fleet's to prevent, so each is counted. */
export function countGovernorEvent(metrics: Metrics, event: GovernorEvent, now: number): void {
  switch (event.type) {
    case "gate_closed":
      metrics.count("UpstreamRateLimited", 1, { Group: event.group });
      metrics.record("GateOpenMs", Math.max(0, event.until - now), "Milliseconds", { Group: event.group });
      break;
    case "outside_use":
      metrics.count("OutsideUse", event.count, { Group: event.group });
      break;
    case "contention":
      metrics.count("GovernorContention", event.refused, { Group: event.group });
      break;
    case "degraded":
      metrics.count("DegradedGovernor");
      break;
    case "gate_opened":
    case "probe":
    case "limit_learned":
    case "group_renamed":
    case "recovered":
      break;
  }
}

/** RingCentral allows 5 token calls a minute for the whole application [docs: AUTH5], so each is counted. */
export function countTokenStoreEvent(metrics: Metrics, event: TokenStoreEvent): void {
  switch (event.type) {
    case "login":
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
      metrics.count("DegradedTokenStore");
      break;
    case "fenced_off":
      break;
  }
}
