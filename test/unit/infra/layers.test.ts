import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { findForbiddenImports } from "../../../infra/build/check-layers.ts";

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** The violations in a project of only these files; the files they import exist and are empty. */
async function judge(sources: Record<string, string>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "ringfront-layers-"));
  roots.push(root);
  symlinkSync(join(projectRoot, "node_modules"), join(root, "node_modules"));
  copyFileSync(join(projectRoot, "package.json"), join(root, "package.json"));
  const imported = Object.entries(sources).flatMap(([file, source]) =>
    [...source.matchAll(/"(\.[^"]+)"/g)].map(([, target = ""]) => join(dirname(file), target)),
  );
  const empty = Object.fromEntries(imported.map((file) => [file, "export const a = 1;\n"]));
  for (const [file, source] of Object.entries({ ...empty, ...sources })) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), source);
  }
  const folders = new Set([...imported, ...Object.keys(sources)].map((file) => file.split("/")[0] ?? ""));
  return findForbiddenImports(root, [...folders]);
}

describe("layers", () => {
  test.each([
    ["lib/platform/clock.ts", 'import { a } from "../storage/b.ts";\na();'],
    ["lib/contract/route.ts", 'import type { A } from "../numbers/page.ts";\nexport type B = A;'],
    ["lib/storage/keys.ts", 'import {\n  a,\n} from "../ringcentral/api/errors.ts";\na();'],
    ["lib/ringcentral/client.ts", 'export { a } from "../numbers/page.ts";'],
    ["lib/ringcentral/api/wire.ts", 'import type { A } from "../http/transport.ts";\nexport type B = A;'],
    ["lib/ringcentral/cache/cached-client.ts", 'import { a } from "../auth/oauth.ts";\na();'],
    ["lib/numbers/shared/request.ts", 'import type { A } from "../overview.ts";\nexport type B = A;'],
    ["lib/numbers/forwarding/read.ts", 'import { a } from "../overview.ts";\na();'],
    ["lib/sync/snapshot/outbox.ts", 'import { a } from "../run/run.ts";\na();'],
    ["lib/sync/run/scan.ts", 'import { a } from "../queue/handle-message.ts";\na();'],
    ["lib/contract/paging.ts", 'export * from "../http/request.ts";'],
    ["lib/http/request.ts", 'export const twin = await import("../../test/twin/twin.ts");'],
    ["lib/client/paging.ts", 'import "../contract/route.ts";'],
    ["functions/operations/get-health.ts", 'import { a } from "../../infra/local/ports.ts";\na();'],
    ["test/twin/twin.ts", 'import { a } from "../../lib/ringcentral/api/wire.ts";\na();'],
    ["lib/contract/paging.ts", 'import { z } from "zod";\nz();'],
    ["lib/contract/paging.ts", 'import got from "got";\ngot();'],
    ["lib/http/handler.ts", 'import { DynamoDBClient } from "@aws-sdk/client-dynamodb";\nDynamoDBClient();'],
    ["lib/http/handler.ts", 'import { test } from "vitest";\ntest();'],
    ["lib/http/handler.ts", 'import { gone } from "no-such-package";\ngone();'],
  ])("%s may not contain: %s", async (file, source) => {
    expect(await judge({ [file]: source })).toHaveLength(1);
  });

  test.each([
    ["functions/operations/get-health.ts", 'import { a } from "../../lib/http/handler.ts";\na();'],
    ["lib/http/handler.ts", 'import { a } from "../ringcentral/api/errors.ts";\na();'],
    ["lib/contract/paging.ts", 'import * as z from "zod/mini";\nz();'],
    ["lib/storage/table.ts", 'import { DynamoDBClient } from "@aws-sdk/client-dynamodb";\nDynamoDBClient();'],
    ["lib/http/handler.ts", 'import type { Handler } from "aws-lambda";\nexport type A = Handler;'],
    ["lib/platform/files.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("a");'],
  ])("%s may contain: %s", async (file, source) => {
    expect(await judge({ [file]: source })).toEqual([]);
  });

  test("an import cycle is found, however long", async () => {
    const found = await judge({
      "lib/a.ts": 'import { b } from "./b.ts";\nexport const a = b;',
      "lib/b.ts": 'export {\n  c,\n} from "./deep/c.ts";',
      "lib/deep/c.ts": 'import { a } from "../a.ts";\nexport const c = a;',
    });
    expect(found).toContainEqual(
      expect.stringContaining("lib/a.ts -> lib/b.ts -> lib/deep/c.ts -> lib/a.ts"),
    );
  });

  test("a cycle of type imports is found too", async () => {
    const found = await judge({
      "lib/http/a.ts": 'import { b } from "./b.ts";\nexport const a = b;',
      "lib/http/b.ts": 'import type {\n  A,\n} from "./a.ts";\nexport const b: A = 1;',
    });
    expect(found).toContainEqual(expect.stringContaining("lib/http/a.ts -> lib/http/b.ts -> lib/http/a.ts"));
  });

  test("a file outside every layer is found", async () => {
    expect(await judge({ "lib/loose.ts": 'import { a } from "./http/handler.ts";\na();' })).toEqual([
      "lib/loose.ts -> lib/http/handler.ts: every file of lib lies in a layer",
    ]);
    expect(await judge({ "lib/room/new.ts": 'import { a } from "../http/handler.ts";\na();' })).toEqual([
      "lib/room/new.ts -> lib/http/handler.ts: every file of lib lies in a layer",
    ]);
    expect(await judge({ "test/sim/a.ts": 'import { a } from "../../lib/loose.ts";\na();' })).toEqual([
      "test/sim/a.ts -> lib/loose.ts: every file of lib lies in a layer",
    ]);
  });
});
