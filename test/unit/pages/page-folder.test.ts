import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test, vi } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { buildPage } from "../../../infra/build/pages.ts";

test("each page function reads the folder that the build names after it", () => {
  const functions = join(projectRoot, "functions");
  const pages = readdirSync(functions, { recursive: true, encoding: "utf8" }).flatMap((file) => {
    const text = file.endsWith(".ts") ? readFileSync(join(functions, file), "utf8") : "";
    return text.includes("definePageHandler(") ? [{ file, text }] : [];
  });
  expect(pages.length).toBeGreaterThan(2);
  for (const { file, text } of pages) expect(text, file).toContain(`"./${basename(file, ".ts")}.page/"`);
});

test("the console knows where the runbooks are", async () => {
  vi.stubEnv("RUNBOOKS_URL", 'https://wiki.example.com/"runbooks"/');
  const { files } = await buildPage("operations/get-console", projectRoot);
  vi.unstubAllEnvs();
  const [html] = files.map(({ path, contents }) =>
    path.endsWith(".gz") ? gunzipSync(contents).toString() : "",
  );
  expect(html).toContain('<meta name="runbooks" content="https://wiki.example.com/&quot;runbooks&quot;">');
});
