import type { SetUp } from "./busy-hour.ts";

/** RingCentral's notice names 5 token calls a minute for an app [docs: AUTH5]; 300 would have to be granted. */
const [USUAL, RAISED] = [5, 300];

/** The set-ups, each searched with 0.5, 1 and 2 times the habits. */
export const setUps: readonly SetUp[] = [
  { name: "service user, legacy", payer: "service", callHandling: "legacy", tokenCallsAMinute: USUAL },
  { name: "service user, moved", payer: "service", callHandling: "new", tokenCallsAMinute: USUAL },
  {
    name: "own sessions, 5 token calls, legacy",
    payer: "users",
    callHandling: "legacy",
    tokenCallsAMinute: USUAL,
  },
  {
    name: "own sessions, 5 token calls, moved",
    payer: "users",
    callHandling: "new",
    tokenCallsAMinute: USUAL,
  },
  {
    name: "own sessions, 300 token calls, legacy",
    payer: "users",
    callHandling: "legacy",
    tokenCallsAMinute: RAISED,
  },
  {
    name: "own sessions, 300 token calls, moved",
    payer: "users",
    callHandling: "new",
    tokenCallsAMinute: RAISED,
  },
];
export const factors = [0.5, 1, 2] as const;

/** What moves a wall, with the usual habits. */
export const changes: readonly SetUp[] = [
  {
    name: "service user, Light, Medium and Heavy doubled",
    payer: "service",
    callHandling: "legacy",
    tokenCallsAMinute: USUAL,
    limits: 2,
  },
  { name: "own sessions, 20 token calls", payer: "users", callHandling: "legacy", tokenCallsAMinute: 20 },
  { name: "own sessions, 60 token calls", payer: "users", callHandling: "legacy", tokenCallsAMinute: 60 },
];
