import type { Morning } from "./morning-run.ts";

const MINUTE = 60_000;
/** RingCentral's notice names 5 a minute for an app. [docs: AUTH5] */
const AUTH_LIMIT = 5;
/** A limit that RingCentral would have to grant: 2,000 users in ten minutes, with some to spare. */
const RAISED = 300;

/** The cases of `npm run sim:morning`, with as many users a minute however many there are. */
export function mornings(users: number, seed: number): Morning[] {
  const common = { users, withinMs: (10 * MINUTE * users) / 2_000, seed };
  const [app, user] = [
    { ...common, authScope: "app" as const },
    { ...common, authScope: "user" as const },
  ];
  const steady = { of: "users", ended: 0.01 } as const;
  const monday = { of: "users", ended: 1 } as const;
  const nobody = { of: "nobody" } as const;
  return [
    {
      ...app,
      name: "service user alone",
      authLimit: AUTH_LIMIT,
      tokens: { of: "service" },
      patienceMs: 3 * MINUTE,
    },
    { ...app, name: "own sessions, steady state", authLimit: AUTH_LIMIT, tokens: steady, isGoal: true },
    { ...app, name: "Monday: all tokens ended", authLimit: AUTH_LIMIT, tokens: monday },
    { ...app, name: "Monday, 300 token calls a minute", authLimit: RAISED, tokens: monday, isGoal: true },
    { ...app, name: "first morning: nobody signed in", authLimit: AUTH_LIMIT, tokens: nobody },
    { ...user, name: "first morning, limit by user", authLimit: AUTH_LIMIT, tokens: nobody },
    { ...app, name: "first morning, 300 a minute", authLimit: RAISED, tokens: nobody },
  ];
}
