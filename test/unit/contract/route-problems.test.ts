import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { type ProblemCode, problems } from "../../../lib/contract/problems.ts";
import type { Route } from "../../../lib/contract/route.ts";
import { problemCodesOf } from "../../../lib/contract/route-problems.ts";
import { translatorFor } from "../../../lib/http/upstream-problem.ts";
import { RingCentralError, type RingCentralFailure } from "../../../lib/ringcentral/api/errors.ts";
import { apiRoutes, fileOf } from "../../support/handlers.ts";

const isCode = (text: string): text is ProblemCode => Object.hasOwn(problems, text);

/** The codes that each function's own code can throw: the literals that are left in its bundle, by operation. */
const thrown = new Map<string, Set<ProblemCode>>();
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(apiRoutes.map((route) => [route.operationId, fileOf(route)])),
    absWorkingDir: projectRoot,
    outdir: "out",
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
    define: { "import.meta.url": '"file:///"' },
    logLevel: "error",
  });
  for (const { path, text } of outputFiles) {
    const operationId = /(\w+)\.js$/.exec(path)?.[1] ?? "";
    // A comment before each module names its file. The edge is in every bundle; its codes depend on the route's sort.
    const modules = text.split(/^\/\/ (?=(?:lib|functions|docs|package)\b)/m);
    const ofUseCase = modules.filter((module) => /^(lib\/(numbers|people|sync)|functions)\//.test(module));
    const codes = ofUseCase.flatMap((module) => [...module.matchAll(/new ProblemError\d*\(\s*"(\w+)"/g)]);
    thrown.set(operationId, new Set(codes.map(([, code = ""]) => code).filter(isCode)));
  }
});

/** Codes in a bundle that never end a request of its route, and why. */
const unreached: Readonly<Record<string, Partial<Record<ProblemCode, string>>>> = {
  changeCallerBlockingNumbers: { number_already_listed: "It is the outcome of an item." },
  updateForwardingNumber: { forwarding_limit_reached: "Only an addition counts the numbers." },
  getOverview: { cursor_invalid: "It reads first pages, without a cursor." },
  receiveRingCentralEvent: {
    directory_unavailable: "It queues a reading of the directory and reads nothing.",
  },
};

/** Every way in which RingCentral's responses can fail. */
const kinds = [
  ...["rejected", "auth", "rate_limited", "storage", "credentials", "unavailable"],
  ...["locked", "limited_mode", "timeout", "bad_response"],
] as RingCentralFailure["kind"][];
const errorCodes = [
  ...["CMN-100", "CMN-101", "CMN-102", "CMN-109", "CMN-301", "CMN-304", "CMN-401", "CMN-403", "CMN-405"],
  ...["CMN-408", "CMN-468", "FPN-102", "FPN-103", "FPN-104", "FPN-105", "FPN-106", "FPN-108", "AWR-180"],
  ...["OAU-151", "XYZ-1", undefined],
];
const statuses = [undefined, 400, 401, 403, 404, 405, 409, 429, 503];
const share = { of: "caller", group: "light", limit: 1, windowSeconds: 60 } as const;

const known = new Map<Route, Set<ProblemCode>>();
function translations(route: Route): Set<ProblemCode> {
  const translate = translatorFor(route);
  const before = known.get(route);
  if (before !== undefined) return before;
  const codes = kinds.flatMap((kind) =>
    errorCodes.flatMap((errorCode) =>
      statuses.map((status) => {
        const failure = { kind, operation: "listDevices", mayHaveTakenEffect: false } as const;
        const error = new RingCentralError({
          ...failure,
          ...(errorCode !== undefined && { errorCode }),
          ...(status !== undefined && { status }),
        });
        return translate(error)?.code ?? "internal";
      }),
    ),
  );
  const failure = {
    kind: "rate_limited",
    operation: "listDevices",
    mayHaveTakenEffect: false,
    share,
  } as const;
  const all = new Set([...codes, translate(new RingCentralError(failure))?.code ?? "internal"]);
  known.set(route, all);
  return all;
}

describe.each(apiRoutes.map((route) => [route.operationId, route] as const))("%s declares", (id, route) => {
  test("every problem that its use case throws", () => {
    const explained = Object.keys(unreached[id] ?? {});
    const declared = new Set<string>(problemCodesOf(route));
    expect([...(thrown.get(id) ?? [])].filter((code) => !declared.has(code))).toEqual(explained);
  });

  test("every problem that an error of RingCentral's becomes", () => {
    if (!route.callsRingCentral) return;
    const declared = new Set(problemCodesOf(route));
    expect([...translations(route)].filter((code) => !declared.has(code))).toEqual([]);
  });

  test("no problem of its own that nothing produces, and none twice", () => {
    const ofRingCentral = route.callsRingCentral ? translations(route) : new Set();
    const { problems: own = [], ...sort } = route;
    const bySort = new Set(problemCodesOf(sort));
    expect(own.filter((code) => bySort.has(code))).toEqual([]);
    expect(own.filter((code) => !thrown.get(id)?.has(code) && !ofRingCentral.has(code))).toEqual([]);
  });
});
