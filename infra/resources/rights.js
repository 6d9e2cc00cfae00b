// @ts-check

/**
 * What one function may do, beyond writing its log and its traces.
 * @typedef {object} Rights
 * @property {boolean} secret read RingCentral's credentials
 * @property {string[]} table actions on the one table
 * @property {"send" | "work"} [queue] put work on the sync's queue, or take it off too
 * @property {boolean} [bus] publish on the event bus
 */

/** What every function that answers callers with a token needs: the token, budget, replay and cache records. */
const caller = {
  secret: true,
  table: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
};

/** @type {Rights} */
const none = { secret: false, table: [] };

/**
 * Where a function needs others: its key in serverless.yml.
 * @type {Record<string, Rights>}
 */
const exceptions = {
  startSync: { ...caller, queue: "send" },
  confirmSyncQuarantine: { ...caller, queue: "send" },
  // Without an access token, but what RingCentral shows is checked against the secret.
  receiveRingCentralEvent: { ...caller, queue: "send" },
  queueSyncs: { ...none, queue: "send" },
  // Lambda takes the messages with the function's rights; a run goes on as a new message.
  runSync: { ...caller, queue: "work", bus: true },
};

/**
 * Declared here, turned into roles by roles.js, and held against what each function's bundle uses by
 * test/unit/infra/rights.test.ts: a right too many fails as one too few does.
 * @param {import("./service-functions.js").ServiceFunction} definition
 * @returns {Rights}
 */
export function rightsOf({ key, isPublic }) {
  return exceptions[key] ?? (isPublic ? none : caller);
}
