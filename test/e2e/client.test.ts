import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../infra/build/bundle.ts";
import { findFreePort } from "../../infra/local/ports.ts";
import { type ClientApp, expectedTour, installClientApp } from "../support/client-app.ts";
import { copyCheckout } from "./checkout.ts";
import { endStack, type NpmStart, npmStart, type StackFile, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
let started: NpmStart;
let stack: StackFile;
let app: ClientApp;

beforeAll(async () => {
  started = npmStart({ dir: checkout.dir, port: await findFreePort() });
  stack = await untilReady(started, checkout.dir);
  app = installClientApp();
});
afterAll(async () => {
  await endStack(started);
  checkout.remove();
  app?.remove();
});

const compilers = { "this project's": "package.json", "the client's": "lib/client/package.json" };

function compile(compiler: keyof typeof compilers, module: string, moduleResolution: string) {
  const require = createRequire(join(projectRoot, compilers[compiler]));
  const options = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: "es2022",
    lib: ["es2022", "dom", "dom.iterable"],
    module,
    moduleResolution,
  };
  writeFileSync(
    join(app.dir, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: ["tour.ts"] }),
  );
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  execFileSync(process.execPath, [tsc, "--project", app.dir], { stdio: ["ignore", "inherit", "inherit"] });
}

describe("an app that installs the client", () => {
  test.each([
    ["this project's", "esnext", "bundler"],
    ["the client's", "nodenext", "nodenext"],
  ] as const)("compiles with %s TypeScript (%s, %s), and its mistakes do not", compile);

  test("works in Node: reads, pages, writes once over a poor line, follows the feed, tells problems apart", async () => {
    const { tour } = await import(pathToFileURL(app.entry).href);
    const seen = await tour({
      apiUrl: stack.apiUrl,
      tokens: stack.tokens,
      newNumber: "+12025550191",
      foreignExtensionId: stack.otherExtensionId,
    });
    expect(seen).toMatchObject(expectedTour);
    expect(seen.walked.items).toBeGreaterThan(3);
    expect(seen.walked).toEqual({
      items: seen.walked.total,
      distinct: seen.walked.total,
      total: seen.walked.total,
    });
    expect(seen.mirrored.size).toBeGreaterThan(seen.walked.total);
  });
});
