import { expect, test } from "vitest";
import { HttpError, isProblem, ProblemError, unwrap } from "../../../lib/client/src/index.ts";
import { clientOf, json, problem } from "./fake-api.ts";

const LIST = "/v1/account/phone-numbers";
const failure = async (respond: () => Response) => {
  const { client } = clientOf([respond], { retries: false });
  try {
    unwrap(await client.GET(LIST));
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
};

test("unwrap throws a problem as ProblemError", async () => {
  const error = await failure(() => problem(403, "scope_missing"));
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({ status: 403, code: "scope_missing", requestId: "req-1" });
  expect(String(error)).toBe("ProblemError: A title: What to do.");
  expect(isProblem(error)).toBe(true);
  expect(isProblem(error, "not_found", "scope_missing")).toBe(true);
  expect(isProblem(error, "not_found")).toBe(false);
});

test.each([
  ["API Gateway", () => json({ message: "Forbidden" }, {}, 403)],
  ["a proxy", () => new Response("<html>teapot</html>", { status: 403 })],
  ["an unknown sender", () => new Response(null, { status: 403 })],
])("an error of %s is told apart from the API's", async (_, respond) => {
  const error = await failure(respond);
  expect(error).toBeInstanceOf(HttpError);
  expect(error).toMatchObject({ status: 403 });
  expect(isProblem(error)).toBe(false);
});

test("a response without a body is no error", async () => {
  const { client } = clientOf([() => new Response(null, { status: 204 })]);
  const params = { path: { extensionId: "me", forwardingNumberId: "7" } };
  const path = "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}";
  expect(unwrap(await client.DELETE(path, { params }))).toBeUndefined();
});
