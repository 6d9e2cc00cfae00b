import { expect, test } from "vitest";
import { addForwardingNumber } from "../../../lib/numbers/forwarding/write-legacy.ts";
import { addBlockedNumber } from "../../../lib/numbers/write-blocked-numbers.ts";
import { addCallerBlockingNumber } from "../../../lib/numbers/write-caller-blocking.ts";
import { clock, failure, fakeRingCentral, numbersRequest, wholeList } from "./fake-ringcentral.ts";

const phoneNumber = "+12025550143";
type Entry = Record<string, unknown>;

/** An extension whose list has one entry after a POST, of which the response is lost. */
function extensionWith(entry: Entry) {
  const lost = failure({ kind: "bad_response", status: 502, mayHaveTakenEffect: true });
  const listed: Entry[] = [];
  const ringcentral = fakeRingCentral(({ operation }) => {
    if (!operation.startsWith("add")) return wholeList(listed);
    listed.push({ id: "7", phoneNumber: "(202) 555-0143", ...entry });
    return lost;
  });
  return { ringcentral, clock };
}

type Added = Promise<{ id: string }>;
const request = { ...numbersRequest(), query: {} };
const forward = (body: Parameters<typeof addForwardingNumber>[1]["body"]) => (entry: Entry) =>
  addForwardingNumber(extensionWith(entry), { ...request, body });
const block = (label?: string) => (entry: Entry) =>
  addCallerBlockingNumber(extensionWith(entry), { ...request, body: { phoneNumber, label } });
const blockAt = (endpoint: "legacy" | "current", label?: string) => (entry: Entry) =>
  addBlockedNumber(
    { ...extensionWith(entry), endpoints: { choose: (_, run) => run(endpoint) } },
    { ...request, body: { phoneNumber, label } },
  );

const mine = { phoneNumber, label: "Mine" };
const deskPhone = { type: "PhoneLine", deviceId: "88", label: "Desk" } as const;

test.each<[what: string, add: (entry: Entry) => Added, entry: Entry, isFound: boolean]>([
  ["a forwarding number", forward(mine), { type: "Other", label: "Mine" }, true],
  ["one with another label", forward(mine), { type: "Other", label: "Office" }, false],
  ["one without a label", forward(mine), { type: "Other" }, false],
  ["one of another type", forward(mine), { type: "Mobile", label: "Mine" }, false],
  ["one that was asked without a label", forward({ phoneNumber }), { type: "Other", label: "Office" }, true],
  ["a type without labels", forward({ ...mine, type: "Home" }), { type: "Home", label: "Home" }, true],
  ["a flip number", forward({ phoneNumber, flipNumber: 3 }), { type: "Other", flipNumber: "3" }, true],
  ["another flip number", forward({ phoneNumber, flipNumber: 3 }), { type: "Other", flipNumber: "4" }, false],
  ["a desk phone", forward(deskPhone), { type: "PhoneLine", device: { id: 88 }, label: "Line 1" }, true],
  ["another desk phone", forward(deskPhone), { type: "PhoneLine", device: { id: 89 } }, false],
  ["a caller-blocking number", block("Mine"), { label: "Mine", status: "Blocked" }, true],
  ["one with another label", block("Mine"), { label: "Office", status: "Blocked" }, false],
  ["a blocked number", blockAt("legacy", "Mine"), { name: "Mine" }, true],
  ["one with another name", blockAt("legacy", "Mine"), { name: "Office" }, false],
  [
    "a blocked number at its new place",
    blockAt("current", "Mine"),
    { label: "Mine", status: "Blocked" },
    true,
  ],
  ["one with another label there", blockAt("current", "Mine"), { label: "Office", status: "Blocked" }, false],
])("after a lost response, %s: %#", async (_, add, entry, isFound) => {
  if (isFound) expect(await add(entry)).toMatchObject({ id: "7" });
  else await expect(add(entry)).rejects.toMatchObject({ code: "outcome_unknown", sent: true });
});

/** The list has the number with another label, and RingCentral rejects it as listed. */
const listed = () =>
  fakeRingCentral(({ operation, query }) => {
    if (operation.startsWith("add")) return failure({ status: 400, errorCode: "CMN-406" });
    return wholeList(
      query?.status === "Blocked" ? [{ id: "7", phoneNumber, label: "Office", status: "Blocked" }] : [],
    );
  });

test("a number is not called listed while an earlier attempt may still take effect", async () => {
  const add = (step: "look" | "resolve") => {
    const ringcentral = listed();
    return addCallerBlockingNumber({ ringcentral, clock }, { ...request, step, body: mine });
  };
  await expect(add("look")).rejects.toMatchObject({ code: "outcome_unknown", sent: false });
  const entry = { id: "7", label: "Office", status: "blocked", etag: expect.any(String) };
  await expect(add("resolve")).rejects.toMatchObject({ code: "number_already_listed", details: { entry } });
});
