import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { settingNames } from "./options.ts";
import { startTwin } from "./twin.ts";

test.each(settingNames)("the README explains %s", (name) => {
  const readme = readFileSync(new URL("./README.md", import.meta.url), "utf8");
  expect(readme.match(new RegExp(`\`${name}\\b`))).not.toBeNull();
});

test("a setting takes its own values only, and a wrong one changes nothing", async () => {
  const twin = await startTwin();
  const before = { ...twin.settings };
  for (const patch of [
    { movedForwardingReads: "thawed" },
    { outsideWriterEvery: -1 },
    { outsideWriterEvery: true },
    { unknownRuleTypes: 1 },
    { maxPerPage: 0 },
  ]) {
    expect(() => twin.configure(patch as object), JSON.stringify(patch)).toThrow("cannot be");
  }
  expect(twin.settings).toEqual(before);
  await twin.close();
});
