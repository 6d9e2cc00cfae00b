import { beforeAll, describe, expect, it } from "vitest";
import type { TestRequest, TestResponse } from "../support/api-gateway.ts";
import { type ForwardingLab, type Shown, startForwardingLab } from "../support/forwarding-lab.ts";
import { SEED } from "../twin/twin.ts";

const NUMBER = "+12025550161";
const OTHER = "+12025550162";
const HOME = "+13125550187";
const MOBILE = "+13125550188";
const WORK = "+13125550170";
const LINE = "+13125550120";

/** The lab of a request, the ids that its backend gives out, and the extension. */
interface Scene {
  lab: ForwardingLab;
  idOf: (name: string) => string;
  on: TestRequest;
}
type Request = (scene: Scene) => Promise<TestResponse>;

const add =
  (body: object, key?: string): Request =>
  ({ lab, on }) => {
    const headers = key === undefined ? {} : { "idempotency-key": key };
    return lab.add(body, undefined, { ...on, headers });
  };
const change =
  (of: string, body: object, request?: TestRequest): Request =>
  ({ lab, idOf, on }) =>
    lab.change(idOf(of), body, { ...on, ...request });
const remove =
  (of: string, request?: TestRequest): Request =>
  ({ lab, idOf, on }) =>
    lab.remove(idOf(of), { ...on, ...request });
const read =
  (of: string): Request =>
  ({ lab, idOf, on }) =>
    lab.read(idOf(of), on);
const list =
  (query = ""): Request =>
  ({ lab, on }) =>
    lab.list({ ...on, query });
const ifMatch = { headers: { "if-match": '"other"' } };

/** Services of their own, each with requests that follow on each other, by extension. */
const scenes: [extensionId: string, rows: [name: string, request: Request][]][][] = [
  [
    [
      SEED.extensionId,
      [
        ["list", list()],
        ["list one", list("limit=1")],
        ["list none", list("limit=0")],
        ["list by a foreign cursor", list("cursor=abc")],
        ["read an outside number", read(HOME)],
        ["read a line", read("PhoneLine")],
        ["read own apps", read("ExtensionApps")],
        ["read an unknown id", read("none")],
        ["change an unknown id", change("none", { flipNumber: 8 })],
        ["remove an unknown id", remove("none")],
        ["add Other", add({ phoneNumber: NUMBER, label: "Cabin" })],
        ["add it again", add({ phoneNumber: NUMBER, label: "Cabin" })],
        ["add it by another label", add({ phoneNumber: NUMBER, label: "Boat" })],
        ["add with a key", add({ phoneNumber: OTHER, flipNumber: 3 }, "key-1")],
        ["replay", add({ phoneNumber: OTHER, flipNumber: 3 }, "key-1")],
        ["the key for another body", add({ phoneNumber: OTHER }, "key-1")],
        ["add without a label, again", add({ phoneNumber: OTHER })],
        ["remove what was added", remove(NUMBER)],
        ["remove the other", remove(OTHER)],
        ["add Home", add({ phoneNumber: WORK, type: "Home" })],
        ["add ExtensionApps", add({ phoneNumber: WORK, type: "ExtensionApps" })],
        ["add BusinessMobilePhone", add({ phoneNumber: WORK, type: "BusinessMobilePhone" })],
        ["add Outage", add({ phoneNumber: WORK, type: "Outage" })],
        ["add Work with a label", add({ phoneNumber: OTHER, type: "Work", label: "Office" })],
        ["add a label in use", add({ phoneNumber: LINE, label: "Work" })],
        ["add a flip number in use", add({ phoneNumber: LINE, flipNumber: 2 })],
        ["remove Outage", remove(WORK)],
        ["remove Work", remove(OTHER)],
        ["add flip number 9", add({ phoneNumber: LINE, flipNumber: 9 })],
        ["add a number of the account", add({ phoneNumber: SEED.mainNumber })],
        ["add a foreign number", add({ phoneNumber: "+442079460018" })],
        ["add nothing", add({})],
        ["add with rules", add({ phoneNumber: LINE, rules: ["work-hours"] })],
        ["add with unknown rules", add({ phoneNumber: "+12025550163", rules: ["nights"] })],
        ["add a device", add({ type: "PhoneLine", deviceId: SEED.freeDeviceId })],
        ["add a device again", add({ type: "PhoneLine", deviceId: SEED.freeDeviceId })],
        ["add an unknown device", add({ type: "PhoneLine", deviceId: "1" })],
      ],
    ],
  ],
  [
    [
      SEED.extensionId,
      [
        ["list before changes", list()],
        ["change a flip number", change(HOME, { flipNumber: 7 })],
        ["change nothing", change(HOME, {})],
        ["change a label of Home", change(HOME, { label: "House" })],
        ["change the type", change(HOME, { type: "Other", label: "House" })],
        ["change the type to Mobile", change(HOME, { type: "Mobile" })],
        ["change the type to PhoneLine", change(HOME, { type: "PhoneLine" })],
        ["change the type to ExtensionApps", change(HOME, { type: "ExtensionApps" })],
        ["list after changes", list()],
        ["take Home back", change(HOME, { type: "Home" })],

        ["change the number", change(HOME, { phoneNumber: NUMBER })],
        ["change the number to one in the list", change(NUMBER, { phoneNumber: MOBILE })],
        ["change the number to the account's", change(NUMBER, { phoneNumber: SEED.mainNumber })],
        ["change to a foreign number", change(NUMBER, { phoneNumber: "+442079460018" })],
        ["change the flip number to one in use", change(NUMBER, { flipNumber: 2 })],
        ["change the label to one in use", change(NUMBER, { type: "Other", label: "Mobile" })],
        ["take its number back", change(NUMBER, { phoneNumber: HOME })],

        ["change with unknown rules", change(HOME, { rules: ["nights"] })],
        ["change with rules", change(HOME, { rules: ["work-hours"] })],
        ["change another version", change(MOBILE, { flipNumber: 8 }, ifMatch)],
        ["remove another version", remove(MOBILE, ifMatch)],

        ["change a line's label", change("PhoneLine", { label: "Desk" })],
        ["change a line's type", change("PhoneLine", { type: "Other" })],
        ["change a line's number", change("PhoneLine", { phoneNumber: NUMBER })],
        ["change a line's flip number", change("PhoneLine", { flipNumber: 6 })],
        ["change the apps' label", change("ExtensionApps", { label: "Apps" })],
        ["change the apps' number", change("ExtensionApps", { phoneNumber: NUMBER })],
        ["change the apps' flip number", change("ExtensionApps", { flipNumber: 5 })],

        ["remove an outside number", remove(MOBILE)],
        ["remove it again", remove(MOBILE)],
        ["remove a line", remove("PhoneLine")],
        ["remove own apps", remove("ExtensionApps")],
        ["list at the end", list()],
      ],
    ],
    [
      SEED.fullExtensionId,
      [
        ["full: list", list()],
        ["full: add", add({ phoneNumber: NUMBER })],
        ["full: change to an eighth label", change("Home", { type: "Other", label: "House" })],
      ],
    ],
    [SEED.customFullExtensionId, [["full of labels: add", add({ phoneNumber: NUMBER, label: "Cabin" })]]],
    [
      SEED.faxExtensionId,
      [
        ["fax: list", list()],
        ["fax: add", add({ phoneNumber: NUMBER })],
      ],
    ],
    [
      SEED.queueExtensionId,
      [
        ["queue: list", list()],
        ["queue: add", add({ phoneNumber: NUMBER })],
        ["queue: read", read("none")],
      ],
    ],
    [
      "3800000",
      [
        ["unknown extension: list", list()],
        ["unknown extension: add", add({ phoneNumber: NUMBER })],
        ["unknown extension: remove", remove("none")],
      ],
    ],
  ],
];

/** The differences that RingCentral's backends force on every caller, each with its reason. */
const device = {
  why: "only the new call handling tells the number of a device with it",
  legacy: { status: 201, body: { data: { deviceId: SEED.freeDeviceId } } },
  new: { status: 201, body: { data: { deviceId: SEED.freeDeviceId, phoneNumber: SEED.directNumber } } },
};
const permitted: Record<string, { why: string; legacy: object; new: object }> = {
  "add a device": device,
  "add a device again": device,
  "change the apps' flip number": {
    why: "apps have no row in the flip list",
    legacy: { status: 200, body: { data: { flipNumber: 5 } } },
    new: { status: 409, body: { code: "call_handling_moved" } },
  },
  "fax: add": {
    why: "the new call handling serves fax extensions too [spec: OAS]",
    legacy: { status: 403, body: { code: "call_handling_unavailable" } },
    new: { status: 201 },
  },
};

/** Members that may differ in each response: ids, `rings`, and what names the backend or the call. */
const varying = ["id", "etag", "rings", "callHandling", "asOf", "nextCursor", "instance", "upstream"];

/** Headers that may differ: a read from the cached list, what is left of the budgets, and a long body's compression. */
const varyingHeaders = ["x-request-id", "age", "vary", "ratelimit", "ratelimit-policy"];

/** A response without what may differ in each. */
function comparable({ status, headers, body }: TestResponse) {
  const { etag, location, link, ...others } = headers;
  const text = JSON.stringify(body ?? null, (name, value: unknown) =>
    varying.includes(name) ? undefined : value,
  );
  const shown = text
    // A line always has a row in the flip list of the new call handling.
    .replace(/("type":"PhoneLine","features":\["CallForwarding")(?:,"CallFlip")?/g, "$1");
  const named = {
    etag: etag !== undefined,
    location: location?.replace(/[^/]+$/, "id"),
    link: link?.replace(/(?<=cursor=)[\w.-]+/, "cursor"),
  };
  for (const name of varyingHeaders) delete others[name];
  return { status, headers: { ...others, ...named }, body: JSON.parse(shown) };
}

async function responsesOf(callHandling: "legacy" | "new"): Promise<Map<string, TestResponse>> {
  const responses = new Map<string, TestResponse>();
  for (const scene of scenes) {
    const lab = await startForwardingLab({ callHandling, limits: { Light: 900, Medium: 900 } });
    for (const [extensionId, rows] of scene) {
      const ids = new Map<string, string>();
      const on = { path: { extensionId } };
      for (const [name, request] of rows) {
        const response = await request({ lab, on, idOf: (of) => ids.get(of) ?? "none" });
        responses.set(name, response);
        const shown: Shown[] = response.status < 300 ? [response.body?.data ?? []].flat() : [];
        for (const { id, type, phoneNumber } of shown) {
          if (phoneNumber !== undefined) ids.set(phoneNumber, id);
          ids.set(type, ids.get(type) ?? id);
        }
      }
    }
    await lab.stop();
  }
  return responses;
}

describe("legacy and new call handling answer alike", () => {
  let legacy: Map<string, TestResponse>;
  let moved: Map<string, TestResponse>;
  beforeAll(async () => {
    legacy = await responsesOf("legacy");
    moved = await responsesOf("new");
  });

  it("but for differences of requests that are compared", () => {
    expect([...legacy.keys()]).toEqual(expect.arrayContaining(Object.keys(permitted)));
  });

  it.each(scenes.flat().flatMap(([, rows]) => rows.map(([name]) => name)))("%s", (name) => {
    const [before, after] = [legacy.get(name), moved.get(name)].map((response) =>
      comparable(response ?? { status: 0, headers: {}, body: undefined }),
    );
    const difference = permitted[name];
    if (difference === undefined) expect(after).toEqual(before);
    else {
      expect(before).toMatchObject(difference.legacy);
      expect(after).toMatchObject(difference.new);
      expect(after, `no difference any more: ${difference.why}`).not.toEqual(before);
    }
  });
});
