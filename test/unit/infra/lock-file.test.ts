import { describe, expect, test } from "vitest";
import { completeLock, findMissingOptionals, readLock } from "../../../infra/build/complete-lock.ts";

test("package-lock.json has an entry for every platform, so that npm ci works on all of them (infra/build/complete-lock.ts)", () => {
  expect(findMissingOptionals(readLock())).toEqual([]);
});

describe("completing a lock file", () => {
  const asking = (optionalDependencies: Record<string, string>) => ({
    packages: { "node_modules/tool": { version: "1.0.0", dev: true, optionalDependencies } },
  });

  test("adds the entries that npm left out, with their platform, and marks them as the package that asks for them", () => {
    const { packages } = completeLock(
      asking({ "@tool/cli-linux-x64-musl": "1.2.3", "@tool/cli-win32-arm64": "1.2.3" }),
    );
    expect(Object.keys(packages)).toEqual([
      "node_modules/@tool/cli-linux-x64-musl",
      "node_modules/@tool/cli-win32-arm64",
      "node_modules/tool",
    ]);
    expect(packages["node_modules/@tool/cli-linux-x64-musl"]).toEqual({
      version: "1.2.3",
      cpu: ["x64"],
      dev: true,
      libc: ["musl"],
      optional: true,
      os: ["linux"],
    });
  });

  test("keeps existing entries, nested or hoisted", () => {
    const lock = {
      packages: {
        "node_modules/tool": { version: "1.0.0", optionalDependencies: { a: "^1.0.0", b: "^1.0.0" } },
        "node_modules/a": { version: "1.0.0" },
        "node_modules/tool/node_modules/b": { version: "1.0.0" },
      },
    };
    expect(findMissingOptionals(lock)).toEqual([]);
  });

  test("does not guess: a range, or a name without a platform, is left to a person", () => {
    expect(() => completeLock(asking({ "tool-linux-x64": "^1.2.3" }))).toThrow("tool-linux-x64@^1.2.3");
    expect(() => completeLock(asking({ "tool-extra": "1.2.3" }))).toThrow("tool-extra@1.2.3");
  });
});
