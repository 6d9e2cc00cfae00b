import { expect, it } from "vitest";
import client from "../../../lib/client/package.json" with { type: "json" };
import { VERSION } from "../../../lib/platform/version.ts";
import packageJson from "../../../package.json" with { type: "json" };

it("is the version of the package and of the client released with it", () => {
  expect([VERSION, client.version]).toEqual([packageJson.version, packageJson.version]);
});
