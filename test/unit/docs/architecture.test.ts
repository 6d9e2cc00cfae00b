import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawArchitecture } from "../../../infra/build/draw-architecture.ts";

test("the pictures match docs/architecture.dot (`npm run architecture` draws them)", async () => {
  for (const { file, svg } of await drawArchitecture()) expect(readFileSync(file, "utf8"), file).toBe(svg);
});
