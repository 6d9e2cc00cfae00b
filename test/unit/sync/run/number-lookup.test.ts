import { describe, expect, it } from "vitest";
import { type Lookup, lookUpNumbers } from "../../../../lib/sync/run/confirm-removals.ts";
import { clientOf, createNumberAccount, rejection } from "../../../support/number-account.ts";
import { callContext, failure } from "../../numbers/fake-ringcentral.ts";

const brief = (lookup: Lookup) => (typeof lookup === "object" ? "there" : lookup);

function lab() {
  const account = createNumberAccount(40);
  const lookUp = (...ids: number[]) =>
    lookUpNumbers(
      (operation, phoneNumberId) =>
        clientOf(account).call(operation, { path: { phoneNumberId } }, callContext()),
      ids.map(String),
    );
  const asked = () => account.calls.map(({ ids }) => ids.length);
  return { account, lookUp, asked };
}

describe("looking numbers up by their ids", () => {
  it("takes one call for all ids", async () => {
    const { account, lookUp, asked } = lab();
    account.remove(2);
    const found = await lookUp(1, 2, 3);
    expect(found.map(brief)).toEqual(["there", "gone", "there"]);
    expect(found[0]).toMatchObject({ id: "1", phoneNumber: "+12025550001" });
    expect(asked()).toEqual([3]);
  });

  it.each([400, 404])("takes one call for each id when the list is rejected with a %i", async (status) => {
    const { account, lookUp, asked } = lab();
    account.remove(2);
    account.before = ({ operation }) => {
      if (operation === "getCompanyNumbers") throw rejection(operation, status, "CMN-102");
    };
    expect((await lookUp(1, 2, 3)).map(brief)).toEqual(["there", "gone", "there"]);
    expect(asked()).toEqual([3, 1, 1, 1]);
  });

  it("takes a 403 for no proof", async () => {
    const { account, lookUp, asked } = lab();
    account.remove(2);
    account.role = "lesser";
    expect((await lookUp(1, 2)).map(brief)).toEqual(["forbidden", "forbidden"]);
    expect(await lookUp(2)).toEqual(["forbidden"]);
    expect(asked()).toEqual([2, 1]);
  });

  it("repeats one by one what a response leaves out, mixes up or does not settle", async () => {
    const { account, lookUp, asked } = lab();
    const { respond } = account;
    const muddled = [
      { resourceId: "1", status: 200, body: { id: 2, phoneNumber: "+12025550002" } },
      { resourceId: "2", status: 500, body: {} },
      { resourceId: "3", status: 404, body: { errors: [{ errorCode: "CMN-120" }] } },
    ];
    account.respond = (operation, input) => {
      const body = respond(operation, input);
      return operation.name === "getCompanyNumbers" ? muddled : body;
    };
    expect((await lookUp(1, 2, 3, 4)).map(brief)).toEqual(["there", "there", "there", "there"]);
    expect(asked()).toEqual([4, 1, 1, 1, 1]);
  });

  it.each([
    { name: "multipart or a part without a body", kind: "bad_response", status: 207 },
    { name: "a 502", kind: "bad_response", status: 502 },
    { name: "a page of HTML with a 404", kind: "bad_response", status: 404 },
  ] as const)("takes one call for each id when the response to a list is $name", async ({ kind, status }) => {
    const { account, lookUp, asked } = lab();
    account.remove(2);
    account.before = ({ operation }) => {
      if (operation === "getCompanyNumbers") throw failure({ kind, status });
    };
    expect((await lookUp(1, 2, 3)).map(brief)).toEqual(["there", "gone", "there"]);
    expect(asked()).toEqual([3, 1, 1, 1]);
  });

  it("returns what it has found out when a later call fails", async () => {
    const { account, lookUp } = lab();
    account.before = ({ operation, ids }) => {
      if (operation === "getCompanyNumbers") throw failure({ kind: "bad_response", status: 200 });
      if (ids[0] === "3") throw failure({ kind: "rate_limited", status: 429 });
    };
    expect((await lookUp(1, 2, 3, 4)).map(brief)).toEqual(["there", "there"]);
    await expect(lookUp(3, 4)).rejects.toMatchObject({ failure: { kind: "rate_limited" } });
  });

  it("fails when the account is missing, and leaves a number open when a gateway knows no such address", async () => {
    const { account, lookUp } = lab();
    let details: object = { status: 404, errorCode: "CMN-102", parameterName: "accountId" };
    account.before = () => {
      throw failure(details);
    };
    await expect(lookUp(1)).rejects.toMatchObject({ failure: details });
    await expect(lookUp(1, 2)).rejects.toMatchObject({ failure: details });
    const html = { kind: "bad_response", status: 404 };
    for (details of [{ status: 404, errorCode: "AGW-404" }, { status: 404 }, { status: 405 }, html]) {
      expect(await lookUp(1, 2)).toEqual(["unproved", "unproved"]);
    }
  });
});
