import { afterEach, describe, expect, it } from "vitest";
import { type ForwardingLab, startForwardingLab } from "../support/forwarding-lab.ts";
import { SEED } from "../twin/twin.ts";

let lab: ForwardingLab;
afterEach(() => lab.stop());

describe("forwarding numbers while the table is away", () => {
  it("are listed; writes say that the storage is away and change nothing", async () => {
    lab = await startForwardingLab({ callHandling: "new" }, SEED.extensionId);
    const before = structuredClone(lab.twin.extension(SEED.extensionId).callHandling);
    await lab.list();
    await lab.service.dynamodb.close();
    lab.twin.clearRequests();
    const read = await lab.list({ headers: { "cache-control": "no-cache" } });
    // What this process found last holds.
    expect(lab.service.sent().map(({ path }) => path)).not.toContainEqual(expect.stringMatching(/features$/));
    expect(read).toMatchObject({ status: 200, body: { meta: { callHandling: "new" } } });
    const added = await lab.add({ phoneNumber: "+12025550161" });
    expect(added).toMatchObject({ status: 503, body: { code: "storage_unavailable" } });
    expect(lab.twin.extension(SEED.extensionId).callHandling).toEqual(before);
    // The table may know it as an id from before the move.
    const unknown = await lab.read("790099");
    expect(unknown).toMatchObject({ status: 503, body: { code: "storage_unavailable" } });
  });
});
