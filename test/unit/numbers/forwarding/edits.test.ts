import { describe, expect, it } from "vitest";
import { ProblemError } from "../../../../lib/contract/problems.ts";
import { editFlips, restoration } from "../../../../lib/numbers/forwarding/edit-flips.ts";
import {
  dispatchingForRequest,
  editDispatching,
  type RingChange,
} from "../../../../lib/numbers/forwarding/edit-rules.ts";
import { rulesToEdit, withRule } from "../../../../lib/numbers/forwarding/edit-state.ts";
import type { ForwardingState } from "../../../../lib/numbers/forwarding/items.ts";
import { appsKey, numberKey } from "../../../../lib/numbers/forwarding/targets.ts";
import type { RawObject, WireRule } from "../../../../lib/ringcentral/api/wire-call-handling.ts";

const OWN = "3800222";
const NUMBER = "+12025550161";
const key = numberKey(NUMBER);

const unknownAction = { zone: null, type: "PlayRingbackAction", tone: { b: 1, a: [] }, enabled: true };
const desktop = group([{ type: "AllDesktopRingTarget", name: "Ana Desktop" }], false);
const mobile = group([{ type: "AllMobileRingTarget" }], false);
const ending = {
  type: "TerminatingAction",
  targets: [{ type: "VoiceMailTerminatingTarget", prompt: { greeting: {} }, name: "Ana" }],
  terminatingTargetType: "VoiceMailTerminatingTarget",
};
function group(targets: RawObject[], enabled = true): RawObject {
  return { type: "RingGroupAction", enabled, targets, duration: 20 };
}
const target = (phoneNumber: string, name?: string): RawObject => ({
  type: "PhoneNumberRingTarget",
  destination: { phoneNumber },
  ...(name && { name }),
});
const dispatching = (...groups: RawObject[]): RawObject => ({
  type: "RingInOrder",
  extra: { kept: true },
  actions: [unknownAction, desktop, mobile, ...groups, ending],
});
const edit = (before: RawObject, change: Partial<RingChange>, ruleId = "work-hours") =>
  editDispatching(before, ruleId, { key, rules: "unchanged", ...change }, OWN);

describe("a change of a rule", () => {
  const named = { number: { phoneNumber: NUMBER, name: "Cabin" }, rules: ["work-hours"] };

  it("adds a number before the action that ends the call, and repeats everything else", () => {
    const before = dispatching(group([target("+12025550162")]));
    const after = edit(before, named);
    expect(after).toEqual(dispatching(group([target("+12025550162")]), group([target(NUMBER, "Cabin")])));
    expect(JSON.stringify(after)).toContain(JSON.stringify(unknownAction));
    expect(edit(after, named), "made twice").toBe(after);
  });

  it.each([
    ["+54 9 11 2345-6789", "+5491123456789", "+541123456789"],
    ["+52 1 55 1234 5678", "+525512345678", "+5215512345678"],
    ["a national number", NUMBER, "(202) 555-0161"],
    ["digits alone", NUMBER, "12025550161"],
  ])("is in place when RingCentral spells the number otherwise: %s", (_, phoneNumber, stored) => {
    const change = { key: numberKey(phoneNumber), rules: ["work-hours"] };
    const before = dispatching(group([target(stored, "Cabin")]));
    expect(edit(before, { ...change, number: { phoneNumber, name: "Cabin" } })).toBe(before);
    const rows = [{ id: "1", type: "External", phoneNumber: stored, label: "Cabin" }];
    expect(editFlips(rows, { key: change.key, row: { phoneNumber, label: "Cabin" } })).toBe(rows);
  });

  it("leaves a rule alone that it does not concern", () => {
    const before = dispatching(group([target("+12025550162")]));
    expect(edit(before, { rules: [] })).toBe(before);
    expect(edit(before, { number: named.number })).toBe(before);
    expect(edit(before, named, "after-hours")).toBe(before);
  });

  it("removes a number, and its group when nothing else is in it", () => {
    const shared = dispatching(group([target(NUMBER), target("+12025550162")]), group([target(NUMBER)]));
    expect(edit(shared, { rules: [] })).toEqual(dispatching(group([target("+12025550162")])));
  });

  it("gives a number another name and another number where it rings, and keeps unknown members", () => {
    const odd = { ...target(NUMBER, "Cabin"), icon: "boat" };
    const after = edit(dispatching(group([odd], false)), { number: { phoneNumber: "+12025550169" } });
    expect(after).toEqual(dispatching(group([{ ...target("+12025550169"), icon: "boat" }], false)));
  });

  it("leaves one where another client has added the number a second time", () => {
    const twice = dispatching(group([target(NUMBER, "Cabin")]), group([target(NUMBER, "Cabin")]));
    expect(edit(twice, named)).toEqual(dispatching(group([target(NUMBER, "Cabin")])));
    const barn = group([target(NUMBER, "Barn")]);
    const label = { number: { phoneNumber: NUMBER, name: "Barn" } };
    expect(edit(twice, label), "but for a new label").toEqual(dispatching(barn, barn));
  });

  it("knows a number that another client has spelled with punctuation", () => {
    expect(edit(dispatching(group([target("+1 (202) 555-0161")])), { rules: [] })).toEqual(dispatching());
  });

  it("turns own apps off, where they ring, and leaves them in every rule", () => {
    const apps = [{ type: "AllDesktopRingTarget", name: "Ana Desktop" }, { type: "AllMobileRingTarget" }];
    const other = target(NUMBER, "Cabin");
    const always = {
      type: "RingAlwaysGroupAction",
      enabled: true,
      targets: [{ type: "AllMobileRingTarget" }],
    };
    const before = dispatching(group([...apps, other]), always, group([other]));
    const off = { key: appsKey(OWN), rules: [], staysDisabled: true };
    const after = edit(before, off);
    expect(after).toEqual(
      dispatching(group([other]), group(apps, false), { ...always, enabled: false }, group([other])),
    );
    expect(edit(after, off), "made twice").toBe(after);
  });

  it("adds a line by its device", () => {
    const line = {
      type: "DeviceRingTarget",
      device: { id: "7", name: "Desk", phoneNumber: "+1" },
      name: "Desk",
    };
    const after = edit(dispatching(), { key: "device:7", rules: ["work-hours"], target: line });
    expect(after).toEqual(dispatching(group([{ type: "DeviceRingTarget", device: { id: "7" } }])));
  });

  it("is sent without the members that only responses have, and never without voicemail", () => {
    const sent = dispatchingForRequest(dispatching(group([{ type: "SatelliteRingTarget", name: "Vessel" }])));
    const text = JSON.stringify(sent);
    expect(text).not.toContain("Ana");
    expect(text).toContain("Vessel");
    expect(text).toContain(JSON.stringify(unknownAction));
    const without = { type: "RingAtOnce", actions: [desktop, mobile] };
    expect(() => dispatchingForRequest(without)).toThrow(ProblemError);
  });
});

describe("the rules that a change concerns", () => {
  const rule = (id: string, body: RawObject, inherits?: string): WireRule => ({
    id,
    dispatching: body,
    raw: { id, dispatching: body },
    ...(inherits && { inherits }),
  });
  const state: ForwardingState = {
    flips: [],
    stateRules: [
      rule("agent", dispatching(), "work-hours"),
      rule("work-hours", dispatching()),
      rule("after-hours", dispatching()),
    ],
    interactionRules: [rule("790006", dispatching())],
  };
  const ids = (rules: RingChange["rules"]) =>
    rulesToEdit(state, { key, number: { phoneNumber: NUMBER }, rules }, OWN).map(({ id }) => id);

  it("are those named; one that inherits comes last", () => {
    expect(ids(["agent", "work-hours", "790006"])).toEqual(["work-hours", "790006", "agent"]);
    expect(ids("unchanged")).toEqual([]);
  });

  it("do not include one that inherits what is changed", () => {
    const change = { key, number: { phoneNumber: NUMBER }, rules: ["agent", "work-hours"] };
    const edited = editDispatching(dispatching(), "work-hours", change, OWN);
    const after = withRule(state, rule("work-hours", edited));
    expect(rulesToEdit(after, change, OWN)).toEqual([]);
    const alone = { ...change, rules: ["work-hours"] };
    expect(rulesToEdit(after, alone, OWN)).toEqual([]);
  });
});

describe("a change of the flip list", () => {
  const line = { id: "1", phoneNumber: "+16505550111", type: "PhoneLine", label: "Desk" };
  const row = { id: "2", phoneNumber: NUMBER, type: "External", label: "Cabin", flipNumber: "2", odd: [1] };
  const rows = [line, row];

  it("adds a row at the end, changes one in its place, and removes one", () => {
    const added = { phoneNumber: "+12025550162", label: "Boat" };
    expect(editFlips(rows, { key: numberKey("+12025550162"), row: added })).toEqual([
      ...rows,
      { ...added, type: "External" },
    ]);
    expect(editFlips(rows, { key, row: { phoneNumber: NUMBER, flipNumber: "3" } })).toEqual([
      line,
      { id: "2", phoneNumber: NUMBER, type: "External", flipNumber: "3", odd: [1] },
    ]);
    expect(editFlips(rows, { key })).toEqual([line]);
  });

  it("changes nothing but the digit of RingCentral's own rows", () => {
    const change = {
      key: "line:+16505550111",
      row: { phoneNumber: "+16505550111", label: "X", flipNumber: "4" },
    };
    expect(editFlips(rows, change)).toEqual([{ ...line, flipNumber: "4" }, row]);
  });

  it("changes nothing when it is made twice, also after a change of the number", () => {
    const moved = { key, row: { phoneNumber: "+12025550169", label: "Cabin", flipNumber: "2" } };
    const after = editFlips(rows, moved);
    expect(after).not.toBe(rows);
    expect(editFlips(after, moved)).toBe(after);
    expect(editFlips(editFlips(rows, { key }), { key })).toEqual([line]);
  });

  it("does not add a row again that another client has removed", () => {
    const change = { key: numberKey("+12025550169"), row: { phoneNumber: "+12025550169", label: "Boat" } };
    expect(editFlips(rows, { ...change, onlyIfPresent: true })).toBe(rows);
    expect(editFlips(rows, change)).toHaveLength(3);
  });

  it("is taken back by the row as it was", () => {
    for (const change of [
      { key, row: { phoneNumber: "+12025550169", label: "Boat" } },
      { key: numberKey("+12025550162"), row: { phoneNumber: "+12025550162" } },
      { key: "line:+16505550111", row: { phoneNumber: "+16505550111", flipNumber: "4" } },
    ]) {
      expect(editFlips(editFlips(rows, change), restoration(rows, change))).toEqual(rows);
    }
  });
});
