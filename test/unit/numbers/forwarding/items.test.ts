import { describe, expect, it } from "vitest";
import { findById, naturalIds, shownIds, withAliases } from "../../../../lib/numbers/forwarding/ids.ts";
import { type ForwardingState, joinNumbers, legacyKey } from "../../../../lib/numbers/forwarding/items.ts";
import type { RawObject } from "../../../../lib/ringcentral/api/wire-call-handling.ts";
import { numbersRequest } from "../fake-ringcentral.ts";

const OWN = "3800222";
const secret = { server: "", clientId: "", clientSecret: "secret", jwt: "" };

const group = (targets: RawObject[], more: RawObject = {}): RawObject => ({
  type: "RingGroupAction",
  enabled: true,
  targets,
  duration: 20,
  ...more,
});
const rule = (id: string, actions: RawObject[], type = "RingInOrder") => {
  const dispatching = { type, actions };
  return { id, dispatching, raw: { id, dispatching } };
};
const state = (
  flips: RawObject[],
  stateRules: ForwardingState["stateRules"] = [],
  interactionRules: ForwardingState["stateRules"] = [],
): ForwardingState => ({ flips, stateRules, interactionRules });
const outside = (phoneNumber: string, name?: string) => ({
  type: "PhoneNumberRingTarget",
  destination: { phoneNumber },
  ...(name && { name }),
});
const numbersOf = (of: ForwardingState) => joinNumbers(of, OWN).map(({ number }) => number);

describe("the numbers of the new call handling", () => {
  it("are the flip rows and the targets of rules, joined by number", () => {
    const row = { id: "1", phoneNumber: "+12025550161", type: "External", label: "Cabin", flipNumber: "2" };
    const home = outside("+12025550161", "Kabin");
    expect(
      numbersOf(
        state(
          [row],
          [
            rule("work-hours", [group([{ type: "AllMobileRingTarget" }], { enabled: false }), group([home])]),
            rule("after-hours", [group([home], { enabled: false, duration: 35 })], "RingAtOnce"),
          ],
          [rule("790006", [group([outside("+12025550162", "Boat")])])],
        ),
      ),
    ).toEqual([
      {
        phoneNumber: "+12025550161",
        label: "Cabin",
        type: "Other",
        features: ["CallForwarding", "CallFlip"],
        flipNumber: 2,
        rings: [
          { rule: "work-hours", enabled: true, seconds: 20, position: 2 },
          { rule: "after-hours", enabled: false, seconds: 35 },
        ],
      },
      {
        phoneNumber: "+12025550162",
        label: "Boat",
        type: "Other",
        features: ["CallForwarding"],
        rings: [{ rule: "790006", enabled: true, seconds: 20, position: 1 }],
      },
    ]);
  });

  it.each([
    ["Home", "Home"],
    ["Mobile", "Mobile"],
    ["Work", "Work"],
    ["home", "Other"],
    ["Cabin", "Other"],
  ])("labelled %s have the type %s", (label, type) => {
    expect(numbersOf(state([{ id: "1", phoneNumber: "+12025550161", label }]))).toMatchObject([
      { label, type },
    ]);
  });

  it("are one where a device has the number of a line, whatever rings first", () => {
    const line = { id: "1", phoneNumber: "+16505550111", type: "PhoneLine", label: "Desk" };
    const device = (id: string) => ({
      type: "DeviceRingTarget",
      device: { id, name: `Device ${id}`, phoneNumber: "+16505550111" },
    });
    const rules = [rule("work-hours", [group([device("1")]), group([device("2")])])];
    expect(numbersOf(state([line], rules))).toMatchObject([
      { type: "PhoneLine", deviceId: "1", label: "Desk", features: ["CallForwarding", "CallFlip"] },
      { type: "PhoneLine", deviceId: "2", label: "Device 2", features: ["CallForwarding"] },
    ]);
    expect(numbersOf(state([line])), "that rings in no rule").toEqual([]);
  });

  it("include own apps where they ring, co-workers, and types that are not known here", () => {
    const apps = (enabled: boolean) =>
      group([{ type: "AllDesktopRingTarget" }, { type: "AllMobileRingTarget" }], { enabled });
    expect(numbersOf(state([], [rule("work-hours", [apps(false)])]))).toEqual([]);
    const always = {
      type: "RingAlwaysGroupAction",
      enabled: true,
      targets: [{ type: "AllMobileRingTarget", extension: { id: OWN } }],
    };
    const others = group([
      { type: "AllMobileRingTarget", extension: { id: "3800333" } },
      { type: "CoworkerRingTarget", extension: { id: "3800333" }, name: "Ben" },
      { type: "SatelliteRingTarget", link: { ids: ["7"] }, name: "Vessel" },
      { type: "FmcPhoneNumberRingTarget", destination: { phoneNumber: "+12025550163" } },
    ]);
    const all = numbersOf(state([], [rule("work-hours", [apps(false), always, others])]));
    expect(all.map(({ type, extension }) => [type, extension?.id])).toEqual([
      ["ExtensionApps", OWN],
      ["ExtensionApps", "3800333"],
      ["Coworker", "3800333"],
      ["Satellite", undefined],
      ["BusinessMobilePhone", undefined],
    ]);
    expect(all.every(({ rings = [] }) => rings.length === 1)).toBe(true);
  });
});

describe("the ids of the new call handling", () => {
  const idOf = naturalIds(secret, numbersRequest());
  const items = (...numbers: string[]) =>
    joinNumbers(state(numbers.map((phoneNumber, id) => ({ id: String(id), phoneNumber }))), OWN);
  const [ONE, TWO] = ["+12025550161", "+12025550162"];
  const natural = (phoneNumber: string) => idOf(`number:${phoneNumber}`);

  it("are the same in every process, differ by extension and secret, and reveal no number", () => {
    expect(naturalIds(secret, numbersRequest())("number:+1")).toBe(idOf("number:+1"));
    const other = naturalIds(secret, { ...numbersRequest(), extensionId: "3800333" });
    const rotated = naturalIds({ ...secret, clientSecret: "next" }, numbersRequest());
    expect(new Set([natural(ONE), natural(TWO), other(`number:${ONE}`), rotated(`number:${ONE}`)]).size).toBe(
      4,
    );
    expect(natural(ONE)).toMatch(/^[A-Za-z0-9_-]{24}$/);
  });

  it("are those given out before the move, and both serve", () => {
    const of = items(ONE, TWO);
    const aliases = [["712000", natural(ONE)]] as const;
    expect([...shownIds(of, aliases, idOf).values()]).toEqual(["712000", natural(TWO)]);
    expect(findById("712000", of, aliases, idOf)).toBe(of[0]);
    expect(findById(natural(ONE), of, aliases, idOf)).toBe(of[0]);
    expect(findById(natural(TWO), of, aliases, idOf)).toBe(of[1]);
    expect(findById("712001", of, aliases, idOf)).toBeUndefined();
  });

  it("stay with an entry whose number is changed, and the number gets another when it is added again", () => {
    const aliases = [
      [natural(ONE), natural(ONE)],
      [natural(ONE), natural(TWO)],
    ] as const;
    expect([...shownIds(items(TWO), aliases, idOf).values()]).toEqual([natural(ONE)]);
    // The change of the number failed.
    expect(findById(natural(ONE), items(ONE), aliases, idOf)?.number.phoneNumber).toBe(ONE);
    const both = items(ONE, TWO);
    const shown = shownIds(both, aliases, idOf);
    expect(new Set(shown.values()).size).toBe(2);
    expect(findById(natural(ONE), both, aliases, idOf)).toBe(both[1]);
    const [first] = shown.values();
    expect(findById(first ?? "", both, aliases, idOf)).toBe(both[0]);
  });

  it("are remembered once, the latest last, and not without end", () => {
    const one = withAliases([], [["a", "1"]]);
    expect(withAliases(one, [["a", "1"]])).toBe(one);
    const two = withAliases(one, [["a", "2"]]);
    expect(withAliases(two, [["a", "1"]])).toEqual([
      ["a", "2"],
      ["a", "1"],
    ]);
    const many = Array.from({ length: 300 }, (_, n) => [String(n), String(n)] as const);
    expect(withAliases([], many)).toHaveLength(100);
  });

  it.each([
    [{ type: "Home", phoneNumber: "+1 (202) 555-0161" }, "number:+12025550161"],
    [{ type: "PhoneLine", phoneNumber: "+16505550111", deviceId: "7" }, "device:7"],
    [{ type: "PhoneLine", phoneNumber: "+16505550111" }, "line:+16505550111"],
    [{ type: "BusinessMobilePhone", phoneNumber: "+12025550163" }, "mobile:+12025550163"],
    [{ type: "ExtensionApps" }, `apps:${OWN}`],
    [{ type: "ExtensionApps", extension: { id: "3800333" } }, "apps:3800333"],
    [{ type: "Other" }, undefined],
  ])("know a legacy number by its natural key: %j", (number, key) => {
    expect(legacyKey({ features: [], ...number }, OWN)).toBe(key);
  });
});
