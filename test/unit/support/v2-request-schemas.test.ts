import { describe, expect, it } from "vitest";
import { v2RequestFaults } from "../../support/v2-request-schemas.ts";

const extension = "/restapi/v2/accounts/~/extensions/3800222";
const send = (method: string, path: string, body?: unknown, query: Record<string, string[]> = {}) =>
  v2RequestFaults({ method, path: `${extension}/${path}`, query, body });

const greeting = { effectiveGreetingType: "Preset", preset: { id: "131072" } };
const voicemail = { type: "VoiceMailTerminatingTarget", prompt: { greeting } };
const ending = {
  type: "TerminatingAction",
  terminatingTargetType: "VoiceMailTerminatingTarget",
  targets: [voicemail],
};
const group = (target: object, more: object = {}) => ({
  type: "RingGroupAction",
  enabled: true,
  duration: 20,
  targets: [target],
  ...more,
});
const cottage = {
  type: "PhoneNumberRingTarget",
  name: "Cottage",
  destination: { phoneNumber: "+13125550188" },
};
const rule = (...actions: object[]) => ({
  dispatching: { type: "RingInOrder", actions: [...actions, ending] },
});
const workHours = "comm-handling/voice/state-rules/work-hours";
const flipRow = {
  id: "5001",
  phoneNumber: "+16505550111",
  type: "PhoneLine",
  label: "Desk",
  flipNumber: "1",
};

describe("the requests of the new call handling", () => {
  it.each<[string, string, unknown?, Record<string, string[]>?]>([
    ["GET", "call-flip-numbers"],
    ["GET", "comm-handling/voice/state-rules", undefined, { perPage: ["1000"] }],
    ["GET", "comm-handling/voice/forwarding-targets", undefined, { excludeOwnTargets: ["true"] }],
    ["PUT", "call-flip-numbers", { records: [flipRow, { phoneNumber: "+13125550188", type: "External" }] }],
    ["PATCH", workHours, rule(group({ type: "AllDesktopRingTarget" }), group(cottage))],
    [
      "PATCH",
      "comm-handling/voice/interaction-rules/77",
      { dispatching: { type: "Custom", actions: [ending] } },
    ],
    ["DELETE", "comm-handling/voice/forwarding-targets", { records: [cottage] }],
  ])("%s %s is as described", (method, path, body, query) => {
    expect(send(method, path, body, query)).toEqual([]);
  });

  it.each<[string, string, string, unknown?, Record<string, string[]>?]>([
    ["a call that does not exist", "POST", "comm-handling/voice/forwarding-targets", { records: [] }],
    ["an unknown query name", "GET", "comm-handling/voice/state-rules", undefined, { limit: ["5"] }],
    [
      "a flag that is no text of a flag",
      "GET",
      "comm-handling/voice/forwarding-targets",
      undefined,
      { excludeOwnTargets: ["1"] },
    ],
    ["a body on a reading", "GET", "call-flip-numbers", {}],
    ["an unknown member", "PUT", "call-flip-numbers", { records: [flipRow], replace: true }],
    ["an unknown member of a row", "PUT", "call-flip-numbers", { records: [{ ...flipRow, features: [] }] }],
    [
      "a flip number that is not text",
      "PUT",
      "call-flip-numbers",
      { records: [{ ...flipRow, flipNumber: 1 }] },
    ],
    ["a long label", "PUT", "call-flip-numbers", { records: [{ ...flipRow, label: "x".repeat(61) }] }],
    ["more than ten rows", "PUT", "call-flip-numbers", { records: Array(11).fill(flipRow) }],
    [
      "a number without +",
      "PATCH",
      workHours,
      rule(group({ ...cottage, destination: { phoneNumber: "13125550188" } })),
    ],
    [
      "a read-only name",
      "PATCH",
      workHours,
      rule(group({ type: "AllDesktopRingTarget", name: "Ana's apps" })),
    ],
    [
      "a read-only number",
      "PATCH",
      workHours,
      rule(group({ type: "DeviceRingTarget", device: { id: "1", phoneNumber: "+1" } })),
    ],
    ["an unknown member of an action", "PATCH", workHours, rule(group(cottage, { label: "Cottage" }))],
    [
      "a group without a duration",
      "PATCH",
      workHours,
      rule({ type: "RingGroupAction", enabled: true, targets: [cottage] }),
    ],
    ["a group without targets", "PATCH", workHours, rule(group(cottage, { targets: [] }))],
    ["the whole rule", "PATCH", workHours, { id: "work-hours", ...rule() }],
    [
      "a type that the rule may not have",
      "PATCH",
      workHours,
      { dispatching: { type: "Terminate", actions: [ending] } },
    ],
    [
      "own apps in a deletion",
      "DELETE",
      "comm-handling/voice/forwarding-targets",
      { records: [{ type: "AllMobileRingTarget" }] },
    ],
    [
      "an ending without its type",
      "PATCH",
      workHours,
      { dispatching: { type: "RingAtOnce", actions: [{ type: "TerminatingAction", targets: [voicemail] }] } },
    ],
  ])("%s fails", (_, method, path, body, query) => {
    expect(send(method, path, body, query)).toHaveLength(1);
  });
});
