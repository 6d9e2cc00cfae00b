import { perFunction } from "./cloudformation.ts";
import { methodsOf } from "./functions.ts";
import type { Stack, StackFunction } from "./stack.ts";

/**
 * The capacity of each function, by its kind.
 *
 * `concurrency` is reserved for the function and is also its upper bound: a flood on one route can neither starve the
 * others nor exceed that cost. Reserving costs nothing. One call takes 50 to 800 ms, so 50 at once serve some 60 to
 * 1,000 calls a second, far more than RingCentral's budgets allow; responses from the cache and rejections are faster
 * still. The sum stays under 900, because AWS gives an account 1,000 and keeps 100.
 *
 * `rate` and `burst` are API Gateway's throttle of one route, in calls a second, before a function is billed.
 */
const classes = {
  // The screens of an app: read often, mostly from the cache.
  read: { concurrency: 50, rate: 200, burst: 400 },
  // RingCentral lets a user write 40 times a minute at most; it rejects faster calls anyway.
  write: { concurrency: 20, rate: 50, burst: 100 },
  // Whole-company lists: few callers, large responses, one RingCentral budget for all of them.
  account: { concurrency: 10, rate: 20, burst: 40 },
  // People who watch a console, and health checks of load balancers.
  operations: { concurrency: 5, rate: 10, burst: 20 },
  public: { concurrency: 5, rate: 50, burst: 100 },
  // A sign-in takes five calls, and a renewal of a token one every 15 minutes.
  signIn: { concurrency: 20, rate: 50, burst: 100 },
  // Called by a queue or a schedule, which sets the pace: only the bound matters.
  background: { concurrency: 5, rate: 0, burst: 0 },
  // Each account that is being synced takes one; see `maximumConcurrency` of its queue.
  sync: { concurrency: 100, rate: 0, burst: 0 },
};

function classOf({ route, paths, event }: StackFunction) {
  if (paths !== undefined) return classes.signIn;
  if (route === undefined) return event === undefined ? classes.background : classes.sync;
  const { method, path, scope } = route;
  if (scope === undefined) return classes.public;
  // Every app asks who its user is.
  if (path === "/v1/me") return classes.read;
  if (path.startsWith("/v1/extensions/")) return method === "GET" ? classes.read : classes.write;
  return path.startsWith("/v1/account/") ? classes.account : classes.operations;
}

/** A common fleet. Where nothing is reserved, the limit is AWS's for the whole account, which says little. */
const USUAL_FLEET = 100;

/** The most instances that call RingCentral, for `FLEET_SIZE`. */
export function fleetSize({ functions, flag }: Stack): string {
  if (!flag("reserveConcurrency")) return String(USUAL_FLEET);
  const callers = functions.filter(({ permissions }) => permissions.secret);
  return String(callers.reduce((sum, one) => sum + classOf(one).concurrency, 0));
}

/** Throttling of each route, and, where the stage says `reserveConcurrency`, the concurrency of each function. */
export function capacity({ functions, number, flag }: Stack) {
  const scale = number("throttlingScale");
  const scaled = (value: number) => Math.max(1, Math.round(value * scale));
  const throttle = ({ rate, burst }: { rate: number; burst: number }) => ({
    ThrottlingRateLimit: scaled(rate),
    ThrottlingBurstLimit: scaled(burst),
  });
  const stage = {
    Properties: {
      DefaultRouteSettings: throttle({ rate: 200, burst: 400 }),
      RouteSettings: Object.fromEntries(
        functions.flatMap((one) => routeKeys(one).map((key) => [key, throttle(classOf(one))])),
      ),
    },
  };
  const reserved = perFunction(functions, "LambdaFunction", (one) => ({
    Properties: { ReservedConcurrentExecutions: classOf(one).concurrency },
  }));
  return { extensions: { HttpApiStage: stage, ...(flag("reserveConcurrency") && reserved) } };
}

/** The names of a function's routes in API Gateway. */
function routeKeys({ route, paths = [] }: StackFunction): string[] {
  const own = route === undefined ? [] : methodsOf(route).map((method) => `${method} ${route.path}`);
  return [...own, ...paths.map((path) => `ANY ${path}`)];
}
