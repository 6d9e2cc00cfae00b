import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { listOddities } from "../twin/rest/odd-lists.ts";

// The sync with responses that RingCentral gives in public records, through the handlers and the queue.

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
beforeEach(async () => {
  service = await startService({ numbers: 40, limits: { Heavy: 1_000, Light: 1_000, Medium: 1_000 } });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
});
afterEach(async () => {
  await sync.stop();
  await service.stop();
});

const status = async () => (await lab.status()).body.data[0];
/** In the order of their age: the company's main numbers come first. */
async function ids(): Promise<string[]> {
  const { body } = await lab.list({ query: "limit=1000" });
  return body.data.map(({ id }: { id: string }) => id).sort();
}

describe("a steady list that is odd", () => {
  const hidesOne = ["no-id", "odd-id", "no-number", "empty-number"];

  it.each(listOddities)("is synced to its end, and its changes after it: %s", async (oddity) => {
    service.twin.configure({ oddLists: [`listCompanyNumbers:${oddity}`] });
    await lab.syncNow();
    const size = hidesOne.includes(oddity) ? 39 : 40;
    expect(await status()).toMatchObject({ state: "idle" });
    const known = await ids();
    expect(known).toHaveLength(size);
    service.twin.numbers.remove(Number(known.at(-1)));
    await lab.syncNow();
    expect(await status()).toMatchObject({ state: "idle" });
    expect(await ids()).toEqual(known.slice(0, -1));
  });

  it("whose count is off says so in the status", async () => {
    service.twin.configure({ oddLists: ["listCompanyNumbers:total-plus-one"] });
    await lab.syncNow();
    expect((await status()).history[0]).toMatchObject({ state: "committed", miscount: -1 });
  });
});

describe("numbers that are gone, when the look-up of several ids", () => {
  const configure = (bulkResponse: "multipart" | "no-bodies") => service.twin.configure({ bulkResponse });
  const fault = (rule: object) =>
    service.twin.faults.add({ path: "*,*", kind: "status", status: 502, times: 99, ...rule });
  const responses: [string, () => void][] = [
    ["is a multipart body", () => configure("multipart")],
    ["has parts without a body", () => configure("no-bodies")],
    ["is a 502", () => fault({})],
    ["is a page of HTML", () => fault({ kind: "html-body", status: 200 })],
    ["is not routed", () => fault({ status: 404, errorCode: "CMN-120" })],
  ];
  it.each(responses)("%s, are looked up one by one, in the same run", async (_, spoil) => {
    await lab.syncNow();
    const gone = (await ids()).slice(-3);
    for (const id of gone) service.twin.numbers.remove(Number(id));
    spoil();
    service.twin.clearRequests();
    await lab.syncNow();
    expect((await status()).history[0]).toMatchObject({ state: "committed", removed: 3 });
    const single = gone.map((id) =>
      service.sent().filter(({ path }) => path.endsWith(`/phone-number/${id}`)),
    );
    expect(single.map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(await sync.waiting()).toEqual([]);
  });

  it("and of one id proves nothing, stay; the rest is committed", async () => {
    await lab.syncNow();
    const [edited, kept] = (await ids()).slice(-2);
    service.twin.numbers.remove(Number(kept));
    service.twin.numbers.update(Number(edited), { label: "New" });
    service.twin.faults.add({ path: `*/phone-number/${kept}`, kind: "status", status: 404, times: 99 });
    await lab.syncNow();
    expect((await status()).history[0]).toMatchObject({ state: "committed", updated: 1, removed: 0 });
    expect(await ids()).toContain(kept);
  });
});
