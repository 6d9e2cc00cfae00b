import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const clientDir = fileURLToPath(new URL("../../../lib/client", import.meta.url));

test("the client's types match docs/openapi.json (`npm run openapi` makes both)", () => {
  const { scripts } = JSON.parse(readFileSync(`${clientDir}/package.json`, "utf8"));
  const [command = "", input = "", ...flags] = String(scripts.types).split(" ");
  const [, file = ""] = flags.splice(flags.indexOf("--output"), 2);
  const generated = execFileSync(process.execPath, [`node_modules/.bin/${command}`, input, ...flags], {
    cwd: clientDir,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  // Not `toBe` on the texts: a mismatch would print hundreds of lines.
  expect(readFileSync(`${clientDir}/${file}`, "utf8").trim() === generated.trim(), `${file} is current`).toBe(
    true,
  );
});
