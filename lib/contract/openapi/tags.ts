import type { Route } from "../route.ts";
import type { JsonObject } from "./schemas.ts";

/** The groups of operations, in reading order. */
const tags: Record<string, string> = {
  "Blocked numbers": "The numbers whose calls and messages an extension rejects.",
  "Caller blocking": "Blocked and allowed numbers, and the treatment of all other callers.",
  "Forwarding numbers": "Where an extension's calls can be forwarded or flipped to.",
  Overview: "All of an extension's numbers in one request.",
  "Company numbers": "Every number of the account, from a synced snapshot, and the feed of its changes.",
  "Number sync": "The sync that keeps the snapshot: status, history, quarantine, and an immediate start.",
  Operations: "Health, RingCentral's budgets, and this description.",
  Webhooks: "For RingCentral, not for apps.",
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
