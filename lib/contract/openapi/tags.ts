import type { Route } from "../route.ts";
import type { JsonObject } from "./schemas.ts";

/** What the groups of operations are about, in the order in which a reader meets them. */
const tags: Record<string, string> = {
  "Blocked numbers": "Whose calls and messages an extension refuses.",
  "Caller blocking": "The whole of it: blocked and allowed numbers, and how other callers are treated.",
  "Forwarding numbers": "Where an extension's calls can be forwarded or flipped to.",
  Overview: "All of an extension's numbers in one request.",
  "Company numbers": "Every number of the account, from a synced snapshot, and the feed of its changes.",
  "Number sync": "How the snapshot is kept: status, history, quarantine, and starting one now.",
  Operations: "Health, RingCentral's budgets, and this description.",
  Webhooks: "What RingCentral calls, not apps.",
};

/** @throws when a route has a tag that is not described */
export function tagsOf(routes: readonly Route[]): JsonObject[] {
  const used = new Set(routes.map(({ tag }) => tag));
  const unknown = [...used].filter((name) => !(name in tags));
  if (unknown.length > 0) throw new Error(`no description of the tags ${unknown.join(", ")}`);
  return Object.entries(tags)
    .filter(([name]) => used.has(name))
    .map(([name, description]) => ({ name, description }));
}
