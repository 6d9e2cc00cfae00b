import { expect, test, vi } from "vitest";
import { handler } from "../../../functions/sync/run-sync.ts";
import { lambdaContext } from "../../support/api-gateway.ts";

test.each([{}, { key1: "value1" }])(
  "a test event of the Lambda console is an empty batch: %j",
  async (event) => {
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    expect(await handler(JSON.parse(JSON.stringify(event)), lambdaContext())).toEqual({
      batchItemFailures: [],
    });
  },
);
