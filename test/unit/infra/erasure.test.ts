import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { partitionsIn } from "../../../infra/build/used-actions.ts";
import { kindOf, recordKinds } from "../../../infra/erasure/record-kinds.ts";
import { compress } from "../../../lib/platform/compression.ts";
import { metricDimensions } from "../../../lib/platform/metrics.ts";

const page = readFileSync(join(projectRoot, "docs/privacy.md"), "utf8");
const rowsOf = (heading: string) =>
  (page.split(`\n## ${heading}\n`)[1] ?? "")
    .split("\n## ")[0]
    ?.split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));

describe("the inventory of records", () => {
  const sources = readdirSync(join(projectRoot, "lib"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/node_modules|client\//.test(file))
    .map((file) => readFileSync(join(projectRoot, "lib", file), "utf8"));

  test("has every beginning of a partition key that the code makes, and no other", () => {
    // `sync` is a whole key too.
    const made = new Set([...sources.flatMap(partitionsIn), "sync"]);
    const listed = new Set(recordKinds.map(({ key }) => key.replace(/[# ].*/, "")));
    expect([...listed].sort()).toEqual([...made].sort());
  });

  test("is the page's table, in words that people read", () => {
    const rows = rowsOf("Records of the table")?.map(([, ...cells]) => cells.slice(0, 5));
    const plain = recordKinds.map(({ key, holds, sealed, kept, why }) => [
      `\`${key}\``,
      holds,
      sealed,
      kept,
      why,
    ]);
    expect(rows).toEqual(plain);
  });

  test("tells kinds apart, the special before the general", () => {
    const keyOf = (pk: string, sk: string) => kindOf({ pk, sk })?.[0].key;
    expect(keyOf("sync#37", "chunk#r1#abc")).toBe("sync#<account> / chunk#<…>");
    expect(keyOf("sync#37", "head")).toBe("sync#<account> / <…>");
    expect(keyOf("sync", "accounts")).toBe("sync / <…>");
    expect(keyOf("sign-in#37-38", "grants")).toBe("sign-in#<account>-<extension> / grants");
    expect(keyOf("sign-in#a-b_c", "RefreshToken")).toBe("sign-in#<…> / <…>");
    expect(kindOf({ pk: "cache#37#38", sk: "scope#x" })?.[1]).toEqual({ accountId: "37", extensionId: "38" });
    expect(keyOf("other#37", "head")).toBeUndefined();
  });
});

describe("erasing an extension", () => {
  const target = { extensionId: "38" };
  const found = () => ({
    people: new Set<string>(),
    grants: new Set<string>(),
    snapshots: new Map([["37", { chunks: new Set<string>(), checkedBy: 5 }]]),
    directories: new Map(),
  });
  const judge = async (sk: string, value: unknown, pk = "sync#37") => {
    const [kind, ids] = kindOf({ pk, sk }) ?? [];
    return kind?.erase({ pk, sk, version: "1", value }, ids ?? {}, found(), target);
  };
  const packed = async (value: unknown) => ({ deflated: await compress(JSON.stringify(value)) });
  const number = (id: string) => ({ id: `n${id}`, phoneNumber: "+1", label: "Ben", extension: { id } });

  test("deletes the pages of a run that name it, so that the run starts over, and leaves others", async () => {
    expect(await judge("stage#r#0", await packed({ same: [], other: [number("38")] }))).toBe("delete");
    expect(await judge("stage#r#0+0", await packed([number("38")]))).toBe("delete");
    expect(await judge("stage#r#0", await packed({ same: [1], other: [number("39")] }))).toBe("keep");
  });

  test("takes the names out of a quarantine that is over, and of no other", async () => {
    const quarantine = { generation: 5, reason: "shrink", numbers: [{ id: "n38", name: "Ben" }] };
    const over = { value: { generation: 5, reason: "shrink" } };
    expect(await judge("quarantine", quarantine)).toEqual(over);
    expect(await judge("quarantine", { ...quarantine, generation: 6 })).toBe("keep");
  });

  test("says what is left of a release that did not note the owner", async () => {
    expect(await judge("request", { state: "done" }, "idempotency#x")).toBe("remains");
    const owner = { accountId: "37", extensionId: "39", callerId: "c" };
    expect(await judge("request", { state: "done", owner }, "idempotency#x")).toBe("keep");
  });
});

test("the page has every dimension of a metric", () => {
  const dimensions = [...new Set(Object.values(metricDimensions).flat())].sort();
  const metrics = rowsOf("Logs and metrics")?.find(([, name]) => name === "metrics")?.[2] ?? "";
  expect([...metrics.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()).toEqual(dimensions);
});
