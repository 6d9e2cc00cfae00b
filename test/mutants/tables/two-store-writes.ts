import type { Protocol } from "../mutant.ts";

export const twoStoreWrites: Protocol = {
  name: "two-store-writes",
  title: "Two-store writes: moved extensions",
  files: {
    "lib/numbers/forwarding/writer.ts": [
      {
        id: "late-change-not-shut",
        rule: "A writer's lease ends with its deadline although its change may be late.",
        text: "call.deadline.at + LATE_EFFECT_MS;",
        replacement: "call.deadline.at;",
        tests: ["unit/numbers/forwarding/writer"],
      },
      {
        id: "begin-without-lease",
        rule: "A writer that has lost its lease begins its change.",
        text: "if (!isHeld) throw busy(0);",
        replacement: "",
        tests: ["unit/numbers/forwarding/writer"],
      },
      {
        id: "late-write-not-shut",
        rule: "The extension is open while an earlier write may be late.",
        text: "this.#keepsOutUntil = this.#deps.clock.now() + LATE_EFFECT_MS;",
        replacement: "",
        tests: ["unit/numbers/forwarding/write-new"],
      },
      {
        id: "leftover-forgotten",
        rule: "A half-done change is not completed by the next writer.",
        text: "(rest.changeUntil ?? 0) > deps.clock.now() ? rest.change : undefined",
        replacement: "undefined",
        tests: ["unit/numbers/forwarding/writer"],
      },
      {
        id: "repeated-record-lost",
        rule: "A writer whose record arrived twice counts as overtaken.",
        text: "(await beforeCalls(this.#hasWritten(table, record)));",
        replacement: "false;",
        tests: ["unit/numbers/forwarding/writer"],
      },
      {
        id: "unrecorded-change-left",
        rule: "A change whose recording failed is left to complete.",
        text: "this.#unanswered = record;\n      this.dropChange();",
        replacement: "this.#unanswered = record;",
        tests: ["unit/numbers/forwarding/writer"],
      },
    ],
    "lib/numbers/forwarding/write-new.ts": [
      {
        id: "settled-not-required",
        rule: "A writer does not wait for the change that it completed.",
        text: "writer.requireSettled();\n",
        replacement: "",
        tests: ["unit/numbers/forwarding/write-new"],
      },
    ],
    "lib/numbers/forwarding/apply-parts.ts": [
      {
        id: "late-flip-not-watched",
        rule: "A write without a response does not shut the extension.",
        text: 'if (mayTakeEffectLater(error)) sent[at] = "open";',
        replacement: "",
        tests: ["unit/numbers/forwarding/write-new"],
      },
      {
        id: "lack-taken-for-effect",
        rule: "A lack counts as this write's effect.",
        text: "(sent.length > 1 || !isEvident(wire))",
        replacement: "(sent.length > 1)",
        tests: ["unit/numbers/forwarding/write-new"],
      },
    ],
    "lib/numbers/forwarding/backend.ts": [
      {
        id: "468-ignored",
        rule: "CMN-468 does not say that the extension has moved.",
        text: 'if (failure?.errorCode === "CMN-468") {',
        replacement: 'if (failure?.errorCode === "CMN-000") {',
        tests: ["unit/numbers/forwarding/backend"],
      },
      {
        id: "asked-at-each-denial",
        rule: "Each rejection asks RingCentral.",
        text: "if (sinceMs > RECHECK_INTERVAL_MS) await",
        replacement: "await",
        tests: ["unit/numbers/forwarding/backend"],
      },
      {
        id: "entry-404-as-denial",
        rule: "A 404 of an entry counts as one of the backend.",
        text: "&& !isAboutEntry;",
        replacement: ";",
        tests: ["unit/numbers/forwarding/backend"],
      },
      {
        id: "looks-where-both-serve",
        rule: "Where both backends serve an extension, it is looked for without end.",
        text: "lookAt <= now && !isServedByBoth)",
        replacement: "lookAt <= now)",
        tests: ["unit/numbers/forwarding/backend"],
      },
    ],
    "lib/numbers/forwarding/backend-record.ts": [
      {
        id: "new-asked-each-hour",
        rule: "A moved extension is asked for each hour.",
        text: "const NEW_MS = 24 * 60 * 60 * 1000;",
        replacement: "const NEW_MS = 60 * 60 * 1000;",
        tests: ["unit/numbers/forwarding/backend"],
      },
      {
        id: "outage-forgets-backend",
        rule: "Without the table the process forgets what it found.",
        text: "lastKnown.get(unlimitedRecords(records))?.get(key.partition) ?? UNKNOWN",
        replacement: "UNKNOWN",
        tests: ["unit/numbers/forwarding/backend"],
      },
    ],
    "lib/numbers/forwarding/ids.ts": [
      {
        id: "id-is-number",
        rule: "Ids reveal numbers.",
        text: 'createHmac("sha256", secret).update(text).digest("base64url").slice(0, 24)',
        replacement: 'Buffer.from(text).toString("base64url")',
        tests: ["unit/numbers/forwarding/items"],
      },
    ],
    "lib/numbers/forwarding/edit-rules.ts": [
      {
        id: "rule-without-voicemail",
        rule: "A rule without voicemail is written.",
        text: "if (!hasVoicemail) {",
        replacement: "if (false) {",
        tests: ["unit/numbers/forwarding/edits"],
      },
      {
        id: "second-target-removed",
        rule: "A number that another client has added a second time is removed.",
        text: 'found === undefined || (rules === "unchanged" && found === before)',
        replacement: "found === undefined",
        tests: ["unit/numbers/forwarding/edits"],
      },
      {
        id: "others-off-with-apps",
        rule: "What rings together with own apps stops ringing.",
        text: "others.length === 0 ? [off] : [{ ...action, targets: others }, off]",
        replacement: "[off]",
        tests: ["unit/numbers/forwarding/edits"],
      },
    ],
    "lib/numbers/forwarding/edit-flips.ts": [
      {
        id: "removed-row-added",
        rule: "A row that another client has removed is added again.",
        text: "if (current === undefined && onlyIfPresent) return rows;",
        replacement: "",
        tests: ["unit/numbers/forwarding/edits"],
      },
      {
        id: "row-by-text",
        rule: "A row is known by the text of its number only.",
        text: "return rows.findIndex(isOfNumber);",
        replacement: "return -1;",
        tests: ["unit/numbers/forwarding/edits"],
      },
    ],
    "lib/numbers/forwarding/write-legacy.ts": [
      {
        id: "partial-put",
        rule: "A legacy number is sent without the fields that stay.",
        text: "label: changed(label, current.label),",
        replacement: "label: changed(label, undefined),",
        tests: ["unit/numbers/forwarding/legacy-numbers"],
      },
      {
        id: "listed-otherwise-taken",
        rule: "An entry of the number with another label counts as added.",
        text: "if (listed !== undefined && !isAsAsked(listed, added)) throw alreadyListed(listed);",
        replacement: "",
        tests: ["unit/numbers/forwarding/legacy-numbers"],
      },
    ],
    "lib/numbers/forwarding/plan.ts": [
      {
        id: "eleven-rows",
        rule: "An eleventh row is added to the flip list.",
        text: "if (existing?.flip === undefined && state.flips.length >= MAX_FLIPS)",
        replacement: "if (false)",
        tests: ["unit/numbers/forwarding/write-new"],
      },
    ],
  },
};
