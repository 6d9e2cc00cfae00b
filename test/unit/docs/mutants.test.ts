import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { mutantsOf, mutated, testFile } from "../../mutants/mutant.ts";
import { protocols } from "../../mutants/protocols.ts";
import { hasTitle } from "./named-tests.ts";

const all = protocols.flatMap(mutantsOf);

test("each mutant has a name of its own", () => {
  expect(all.length).toBeGreaterThan(250);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});

test("each mutant's text occurs once in its file, and is replaced by another one", () => {
  const sources = new Map<string, string>();
  const faults = all.flatMap((mutant) => {
    const source = sources.get(mutant.file) ?? readFileSync(join(projectRoot, mutant.file), "utf8");
    sources.set(mutant.file, source);
    try {
      return mutated(source, mutant) === source ? [`${mutant.id} changes nothing`] : [];
    } catch (error) {
      return [`${mutant.file}: ${error instanceof Error ? error.message : error}`];
    }
  });
  expect(faults).toEqual([]);
});

test("each mutant names tests that exist", () => {
  const faults = all.flatMap(({ id, tests, title }) => {
    const files = tests.map(testFile);
    const isThere =
      files.length > 0 &&
      files.every((file) => existsSync(join(projectRoot, file))) &&
      (title === undefined || files.some((file) => hasTitle(file, title)));
    return isThere ? [] : [id];
  });
  expect(faults).toEqual([]);
});
