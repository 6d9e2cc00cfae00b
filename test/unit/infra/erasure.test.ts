import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { partitionsIn } from "../../../infra/build/used-actions.ts";
import { auditedErasure } from "../../../infra/erasure/audited-erasure.ts";
import { kindOf, recordKinds } from "../../../infra/erasure/record-kinds.ts";
import { listenOnLoopback } from "../../../infra/local/ports.ts";
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

describe("an erasure on a stage", () => {
  const lines: { message: string; action: string; outcome: string }[] = [];
  const keys: string[] = [];
  const client = new DynamoDBClient({
    region: "eu-west-1",
    credentials: { accessKeyId: "operators-key", secretAccessKey: "secret" },
  });
  let close = () => {};
  beforeAll(async () => {
    const server = createServer(async (request, response) => {
      keys.push(request.headers.authorization ?? "");
      const { logGroupName, logEvents } = JSON.parse(await text(request));
      expect(logGroupName).toBe("/ringfront-prod/audit");
      lines.push(JSON.parse(logEvents[0].message));
      response.end("{}");
    });
    const listening = await listenOnLoopback(server);
    close = () => listening.close();
    vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", listening.url);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    close();
  });

  test("is in the audit before it begins and when it ends: who, whom, and whether it ended well", async () => {
    const warnings: string[] = [];
    const audit = {
      group: "/ringfront-prod/audit",
      client,
      operator: "arn:aws:sts::123456789012:assumed-role/ops/ann",
      warn: (warning: string) => warnings.push(warning),
    };
    const erasure = { deleted: {}, rewritten: {}, remains: {}, people: [] };
    const erase = async () => {
      expect(lines.map(({ outcome }) => outcome)).toEqual(["started"]);
      return erasure;
    };
    expect(await auditedErasure(audit, { extensionId: "3800222", accountId: "3700111" }, erase)).toBe(
      erasure,
    );
    const about = {
      action: "erase",
      accountId: "3700111",
      extensionId: "3800222",
      changes: { operator: [audit.operator] },
    };
    expect(lines).toEqual(
      ["started", "succeeded"].map((outcome) => expect.objectContaining({ ...about, outcome })),
    );
    expect(keys[0]).toMatch(/Credential=operators-key\/\d{8}\/eu-west-1\/logs/);
    const failing = auditedErasure(audit, { personId: "p" }, () => Promise.reject(new Error("ended")));
    await expect(failing).rejects.toThrow("ended");
    expect(lines.at(-1)).toMatchObject({ action: "erase", resource: "p", outcome: "unknown" });
    expect(warnings).toEqual([]);
    close();
    await auditedErasure(audit, { personId: "p" }, erase).catch(() => {});
    expect(warnings.join()).toContain("ECONNREFUSED");
  });
});

test("the page has every dimension of a metric", () => {
  const dimensions = [...new Set(Object.values(metricDimensions).flat())].sort();
  const metrics = rowsOf("Logs and metrics")?.find(([, name]) => name === "metrics")?.[2] ?? "";
  expect([...metrics.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()).toEqual(dimensions);
});
