// @ts-check
import { flag, number, serviceFunctions } from "./service-functions.js";

/**
 * How much of each function may run, by what it does.
 *
 * `concurrency` is reserved for the function and is its upper bound at the same time: a flood on one route can
 * neither starve the others nor run up a bill beyond it. Reserving costs nothing. One call takes 50 to 800 ms, so
 * 50 at once serve some 60 to 1,000 calls a second, far more than RingCentral's budgets feed; what answers from
 * the cache or refuses is faster still. The sum stays under 900, for AWS gives an account 1,000 and keeps 100.
 *
 * `rate` and `burst` are API Gateway's throttle of one route, in calls a second, before a function is billed.
 */
const classes = {
  // The screens of an app: read often, mostly from the cache.
  read: { concurrency: 50, rate: 200, burst: 400 },
  // RingCentral lets a user write 40 times a minute at most; what comes faster is refused anyway.
  write: { concurrency: 20, rate: 50, burst: 100 },
  // Whole-company lists: few callers, large answers, one RingCentral budget for all of them.
  account: { concurrency: 10, rate: 20, burst: 40 },
  // People looking at a console, and load balancers asking whether we live.
  operations: { concurrency: 5, rate: 10, burst: 20 },
  public: { concurrency: 5, rate: 50, burst: 100 },
  // Called by a queue or a schedule: paced there, so only the bound counts.
  background: { concurrency: 5, rate: 0, burst: 0 },
};

/** @param {import("./service-functions.js").ServiceFunction} definition */
function classOf({ routeKeys, isPublic }) {
  const [routeKey] = routeKeys;
  if (routeKey === undefined) return classes.background;
  if (isPublic) return classes.public;
  const [method, path = ""] = routeKey.split(" ");
  if (path.startsWith("/v1/extensions/")) return method === "GET" ? classes.read : classes.write;
  return path.startsWith("/v1/account/") ? classes.account : classes.operations;
}

/**
 * Throttling of each route, and, where the stage says `reserveConcurrency`, the concurrency of each function.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function capacity(variables) {
  const functions = await serviceFunctions(variables);
  const scale = await number(variables, "throttlingScale");
  const reserve = await flag(variables, "reserveConcurrency");
  /** @param {number} value */
  const scaled = (value) => Math.max(1, Math.round(value * scale));
  /** @param {{ rate: number, burst: number }} limits */
  const throttle = ({ rate, burst }) => ({
    DetailedMetricsEnabled: true,
    ThrottlingRateLimit: scaled(rate),
    ThrottlingBurstLimit: scaled(burst),
  });
  const routes = functions.flatMap((definition) =>
    definition.routeKeys.map((routeKey) => /** @type {const} */ ([routeKey, classOf(definition)])),
  );
  const stage = {
    Properties: {
      DefaultRouteSettings: throttle({ rate: 200, burst: 400 }),
      RouteSettings: Object.fromEntries(routes.map(([routeKey, limits]) => [routeKey, throttle(limits)])),
    },
    // The stage may only name routes that are there already.
    DependsOn: routes.map(([routeKey]) => routeLogicalId(routeKey)),
  };
  const reserved = functions.map((definition) => [
    `${definition.logicalName}LambdaFunction`,
    { Properties: { ReservedConcurrentExecutions: classOf(definition).concurrency } },
  ]);
  return { extensions: { HttpApiStage: stage, ...(reserve && Object.fromEntries(reserved)) } };
}

/**
 * As osls names a route's resource. CloudFormation refuses the template should it ever name them otherwise.
 * @param {string} routeKey
 */
function routeLogicalId(routeKey) {
  const words = routeKey.split("/").map((part) =>
    part
      .toLowerCase()
      .replaceAll("-", "Dash")
      .replace(/\{(.*)\}/g, "$1Var")
      .replace(/[^0-9A-Za-z]/g, ""),
  );
  return `HttpApiRoute${words.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`).join("")}`;
}
