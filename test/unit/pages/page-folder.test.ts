import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";

test("each page function reads the folder that the build names after it", () => {
  const functions = join(projectRoot, "functions");
  const pages = readdirSync(functions, { recursive: true, encoding: "utf8" }).flatMap((file) => {
    const text = file.endsWith(".ts") ? readFileSync(join(functions, file), "utf8") : "";
    return text.includes("definePageHandler(") ? [{ file, text }] : [];
  });
  expect(pages.length).toBeGreaterThan(2);
  for (const { file, text } of pages) expect(text, file).toContain(`"./${basename(file, ".ts")}.page/"`);
});
