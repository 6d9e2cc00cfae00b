import { expect, test } from "vitest";
import { type ProblemCode, ProblemError } from "../../../lib/contract/problems.ts";
import { fieldError } from "../../../lib/http/field-errors.ts";
import { problemBody } from "../../../lib/http/problem.ts";
import { upstreamProblem } from "../../../lib/http/upstream-problem.ts";
import { RingCentralError } from "../../../lib/ringcentral/api/errors.ts";

const retryAfterOf = (problem: ProblemError) =>
  problemBody(problem, { requestId: "r", typeBase: "/docs/errors" }).retryAfter;

test.each<[ProblemCode, number | undefined]>([
  ["upstream_rate_limited", 60],
  ["upstream_limited_mode", 60],
  ["configuration_invalid", 60],
  ["upstream_locked", 30],
  ["storage_unavailable", 2],
  ["upstream_unavailable", 5],
  ["credentials_unavailable", 5],
  ["token_issuer_unavailable", 5],
  ["rate_limited", 5],
  ["upstream_timeout", undefined],
  ["not_found", undefined],
])("%s without a time of its own states %s seconds", (code, seconds) => {
  expect(retryAfterOf(new ProblemError(code))).toBe(seconds);
  expect(retryAfterOf(new ProblemError(code, { retryAfterSeconds: 7 }))).toBe(7);
});

test.each([
  ["rate_limited", 4_200, 5],
  ["locked", undefined, 30],
  ["timeout", 4_200, undefined],
] as const)(
  "RingCentral's %s with a Retry-After of %s ms states %s seconds",
  (kind, retryAfterMs, seconds) => {
    const failure = { kind, operation: "listDevices", mayHaveTakenEffect: false };
    const error = new RingCentralError({ ...failure, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    expect(retryAfterOf(upstreamProblem(error))).toBe(seconds);
  },
);

test("of more faults than the contract allows, the first are named", () => {
  const errors = Array.from({ length: 300 }, (_, n) =>
    fieldError("query", `p${n}`, "unknown", "Not a known field."),
  );
  const body = problemBody(new ProblemError("request_invalid", { errors }), { requestId: "r", typeBase: "" });
  expect(body.errors).toEqual(errors.slice(0, 100));
});
