import { describe, it } from "vitest";
import { runForwardingSeeds } from "./forwarding-run.ts";

describe("forwarding numbers on the legacy backend", () => {
  it("an acknowledged write holds, none is made twice, and the list is what rings", async () => {
    await runForwardingSeeds(300, () => "legacy");
  });
});
