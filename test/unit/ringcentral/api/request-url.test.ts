import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  getCompanyNumbers,
  getForwardingNumber,
  listCompanyNumbers,
} from "../../../../lib/ringcentral/api/operations.ts";
import { buildUrl } from "../../../../lib/ringcentral/api/request-url.ts";

const SERVER = "https://platform.ringcentral.com";

describe("the URL of a call", () => {
  it("holds the ids in their places", () => {
    const path = { extensionId: "3800222", forwardingNumberId: "712000" };
    expect(buildUrl(SERVER, getForwardingNumber, "3700111", { path }).href).toBe(
      `${SERVER}/restapi/v1.0/account/3700111/extension/3800222/forwarding-number/712000`,
    );
  });

  it("repeats array values and encodes special characters", () => {
    const query = { page: 2, usageType: ["MainCompanyNumber", "DirectNumber"], status: "A&access_token=x" };
    expect(buildUrl(SERVER, listCompanyNumbers, "3700111", { query }).search).toBe(
      "?page=2&usageType=MainCompanyNumber&usageType=DirectNumber&status=A%26access_token%3Dx",
    );
  });

  it.each([
    "",
    "~",
    "me",
    "*",
    "1,2",
    "..",
    "%2e%2e",
    "1/2",
    "1?x",
    "1#",
    " 1",
    "1\n",
    "١",
    "1".repeat(21),
    "-1",
    "1.0",
  ])("rejects the account id or extension id %j", (id) => {
    const ids = { extensionId: id, forwardingNumberId: "1" };
    expect(() => buildUrl(SERVER, getForwardingNumber, "3700111", { path: ids })).toThrow(TypeError);
    expect(() => buildUrl(SERVER, listCompanyNumbers, id, {})).toThrow(TypeError);
  });

  it.each(["", "~", "*", "1,2", "..", "%2e", "1/2", "1?x", "1#", " 1", "1\n", "é", "MTI=", "x".repeat(65)])(
    "rejects the entry id %j",
    (id) => {
      const ids = { extensionId: "1", forwardingNumberId: id };
      expect(() => buildUrl(SERVER, getForwardingNumber, "3700111", { path: ids })).toThrow(TypeError);
    },
  );

  it("takes an opaque entry id", () => {
    const path = { extensionId: "1", forwardingNumberId: "MTIwMjU1NTAxNDM_-" };
    expect(buildUrl(SERVER, getForwardingNumber, "3700111", { path }).pathname).toContain(
      "/forwarding-number/MTIwMjU1NTAxNDM_-",
    );
  });

  it("holds two to thirty ids where an operation takes several, and nothing else", () => {
    const urlOf = (phoneNumberId: string) =>
      buildUrl(SERVER, getCompanyNumbers, "3700111", { path: { phoneNumberId } }).pathname;
    expect(urlOf("900001,900002")).toBe("/restapi/v1.0/account/3700111/phone-number/900001,900002");
    const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1).join(",");
    expect(urlOf(ids(30))).toContain(",30");
    for (const rejected of ["1", ids(31), "1,", ",1", "1,*", "1,~", "1,2/3", "*"]) {
      expect(() => urlOf(rejected)).toThrow(TypeError);
    }
  });

  it("rejects a missing id, and one that only the prototype has", () => {
    expect(() => buildUrl(SERVER, getForwardingNumber, "1", { path: { extensionId: "1" } })).toThrow(
      TypeError,
    );
    const odd = { name: "odd", path: "/account/{accountId}/{constructor}" } as const;
    expect(() => buildUrl(SERVER, odd, "1", {})).toThrow(TypeError);
  });

  it("cannot be moved to another account by a path parameter", () => {
    expect(
      buildUrl(SERVER, listCompanyNumbers, "3700111", { path: { accountId: "666" } }).pathname,
    ).toContain("/3700111/");
  });

  it.each(["access_token", "_method", "a b", "a=b", "page[]", ""])("rejects the query name %j", (name) => {
    expect(() => buildUrl(SERVER, listCompanyNumbers, "1", { query: { [name]: "1" } })).toThrow(TypeError);
  });

  it("is on the server and below the account, whatever the ids and values", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (extensionId, forwardingNumberId, value) => {
        let url: URL;
        try {
          const input = { path: { extensionId, forwardingNumberId }, query: { page: value } };
          url = buildUrl(SERVER, getForwardingNumber, "3700111", input);
        } catch {
          return;
        }
        expect(url.origin).toBe(SERVER);
        expect(url.pathname).toMatch(
          /^\/restapi\/v1\.0\/account\/3700111\/extension\/\d+\/forwarding-number\/[\w-]+$/,
        );
        expect([...url.searchParams.keys()]).toEqual(["page"]);
      }),
      { numRuns: 300 },
    );
  });
});
