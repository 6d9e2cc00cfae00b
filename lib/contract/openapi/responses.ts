import { type ProblemCode, problems } from "../problems.ts";
import type { ResponseKind, Route } from "../route.ts";
import { problemCodesOf } from "../route-problems.ts";
import { headerRefs } from "./parameters.ts";
import { type JsonObject, refTo, schemaName, successBody } from "./schemas.ts";

/** Bodies of real responses: of successes by operation, of problems by code. */
export interface Examples {
  responses: Readonly<Record<string, unknown>>;
  problems: Readonly<Record<string, unknown>>;
}

/** The responses of a route: success, 304, and one for each status of its problems. */
export function responsesOf(route: Route, { responses }: Examples, shared: ProblemResponses): JsonObject {
  const problemRefs = problemSetsOf(route).map(({ status, codes }) => [
    String(status),
    { $ref: `#/components/responses/${shared.nameOf(status, codes)}` },
  ]);
  return {
    ...successOf(route, responses[route.operationId]),
    ...Object.fromEntries(problemRefs),
  };
}

interface ProblemSet {
  status: number;
  codes: readonly ProblemCode[];
}

/** A route's problems by status. API Gateway's own 429 is not a problem of ours: it has no code. */
function problemSetsOf(route: Route): ProblemSet[] {
  const all = problemCodesOf(route);
  const statuses = [...new Set([...all.map((code) => problems[code].status), 429])].sort();
  return statuses.map((status) => ({
    status,
    codes: all.filter((code) => problems[code].status === status),
  }));
}

/** The responses that list the same codes, each once: `NotFound` for one code, `Problem503A`, `Problem503B` for more. */
export class ProblemResponses {
  readonly #names = new Map<string, string>();
  readonly components: JsonObject = {};

  constructor(routes: readonly Route[]) {
    for (const { status, codes } of routes.flatMap(problemSetsOf)) {
      const key = keyOf(status, codes);
      if (this.#names.has(key)) continue;
      const name = this.#newName(status, codes);
      this.#names.set(key, name);
      this.components[name] = problemResponse(status, codes);
    }
  }

  nameOf(status: number, codes: readonly ProblemCode[]): string {
    return this.#names.get(keyOf(status, codes)) ?? "";
  }

  #newName(status: number, [code, ...others]: readonly ProblemCode[]): string {
    if (code !== undefined && others.length === 0) return pascalCase(code);
    const taken = Object.keys(this.components).filter((name) => name.startsWith(`Problem${status}`));
    return `Problem${status}${String.fromCharCode("A".charCodeAt(0) + taken.length)}`;
  }
}

const keyOf = (status: number, codes: readonly ProblemCode[]) => [status, ...codes].join();

const pascalCase = (code: string) =>
  code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Problems of one status, with an example of each. */
function problemResponse(status: number, codes: readonly ProblemCode[]): JsonObject {
  const descriptions = codes.map((code) => `\`${code}\`: ${problems[code].title}.`);
  const ofGateway = status === 429 ? ["Without a code: API Gateway's own limit."] : [];
  const headers = [
    "X-Request-Id",
    "Access-Control-Allow-Origin",
    ...["RateLimit", "RateLimit-Policy"],
    ...(status === 429 || status === 503 ? ["Retry-After"] : []),
    ...(status === 401 || codes.includes("scope_missing") ? ["WWW-Authenticate"] : []),
  ];
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  return {
    description: [...descriptions, ...ofGateway].join(" "),
    headers: headerRefs(...headers),
    ...(codes.length > 0 && {
      content: {
        "application/problem+json": { schema: refTo("Problem"), examples: Object.fromEntries(examples) },
      },
    }),
  };
}

/** An example of each code that a route can give. */
export function problemExamples(routes: readonly Route[], examples: Examples): JsonObject {
  const codes = [...new Set(routes.flatMap(problemCodesOf))].sort();
  return Object.fromEntries(
    codes.map((code) => [code, { summary: problems[code].title, value: examples.problems[code] }]),
  );
}

const successes: Record<Exclude<ResponseKind, "page">, { status: number; headers: string[] }> = {
  list: { status: 200, headers: ["ETag", "Link", "Age"] },
  feed: { status: 200, headers: ["ETag", "Link", "Retry-After"] },
  item: { status: 200, headers: ["ETag", "Age"] },
  created: { status: 201, headers: ["Location", "ETag", "Idempotency-Replayed"] },
  batch: { status: 200, headers: ["Retry-After", "Idempotency-Replayed"] },
  accepted: { status: 202, headers: ["Location", "Idempotency-Replayed"] },
  deleted: { status: 204, headers: [] },
  plain: { status: 200, headers: ["ETag"] },
};

function successOf(route: Route, example: unknown): JsonObject {
  const { kind, description, existing } = route.response;
  if (kind === "page") throw new Error("the description has no pages");
  const { status, headers } = successes[kind];
  const body = successBody(route);
  const common = [
    "X-Request-Id",
    "Access-Control-Allow-Origin",
    ...(route.scope === undefined ? [] : ["RateLimit", "RateLimit-Policy"]),
    ...(route.isWebhook ? ["Validation-Token"] : []),
  ];
  const response = (text: string) => ({
    description: text,
    headers: headerRefs(...common, ...headers),
    ...(body && {
      content: {
        "application/json": {
          schema: refTo(schemaName(body)),
          ...(example !== undefined && { example }),
        },
      },
    }),
  });
  return {
    ...(existing !== undefined && { 200: response(existing) }),
    [status]: response(description),
    ...(status === 200 &&
      route.method === "GET" && {
        "304": {
          description: "The caller has this version already.",
          headers: headerRefs(...common, ...headers),
        },
      }),
  };
}
