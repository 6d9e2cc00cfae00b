import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Bundle } from "../../../infra/build/bundle.ts";
import { cacheObstacle, withCompileCaches } from "../../../infra/build/compile-cache.ts";

const dir = mkdtempSync(join(tmpdir(), "ringfront-compile-cache-"));
const program = `
  (()=>{})();var handler=async()=>({statusCode:200,text:new Error("here").stack.split("\\n")[1].trim()});
  export{handler as handler};
`.trim();
/** A function of the stack by its name, with a small program. */
const bundle: Bundle = {
  name: "account/list-company-numbers",
  path: join(dir, "list-company-numbers.mjs"),
  code: Buffer.from(program),
  files: [],
  inputs: {},
};
let made: Bundle;
beforeAll(() => {
  [made = bundle] = withCompileCaches([bundle]);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What a new process, started as Lambda does it, says of its response and of its cache. */
function run(name: string, alter: (cache: Buffer, path: string) => [cache: Buffer, path: string]) {
  const place = join(dir, name);
  mkdirSync(place);
  const loader = Buffer.from(made.code).toString();
  const path = join(place, "list-company-numbers.mjs");
  writeFileSync(path, `${loader}export const isRejected = script.cachedDataRejected;`);
  for (const file of made.files) {
    const isCache = file.path.endsWith(".cache");
    const [contents, to] = isCache
      ? alter(Buffer.from(file.contents), file.path)
      : [file.contents, file.path];
    writeFileSync(join(place, to), contents);
  }
  const files = readdirSync(place);
  const check = `
    const { handler, isRejected } = await import(${JSON.stringify(path)});
    const { statusCode, text } = await handler();
    console.log(JSON.stringify({ statusCode, isRejected, text }));`;
  const args = ["--expose-gc", "--input-type=module", "--eval", check];
  const { text, ...result } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  expect(readdirSync(place)).toEqual(files);
  // A stack names the place in the bundle, for which there is a source map.
  expect(text).toContain(`list-company-numbers.mjs:1:${program.indexOf("new Error") + 1}`);
  return result;
}

/** Its header: a magic number, V8's version, the script's length and the flags. */
function withWord(cache: Buffer, index: number): Buffer {
  const altered = Buffer.from(cache);
  altered.writeUInt32LE(cache.readUInt32LE(4 * index) + 1, 4 * index);
  return altered;
}

test("a compile cache is used by the Node that made it, also with Lambda's flag", () => {
  expect(run("intact", (cache, path) => [cache, path])).toEqual({ statusCode: 200, isRejected: false });
});

test("is left out, and the response is the same, on another processor or with another V8", () => {
  const [arch, version] = ["arm64-1", `${process.arch}-1`];
  const named = (other: string) => run(other, (cache, path) => [cache, path.replace(/\w+-\d+/, other)]);
  expect([arch, version].map(named)).toEqual([{ statusCode: 200 }, { statusCode: 200 }]);
});

test.each<[string, (cache: Buffer) => Buffer]>([
  ["that is cut off", (cache) => cache.subarray(0, cache.length - 100)],
  ["that is empty", () => Buffer.alloc(0)],
  ["of another V8 in spite of its name", (cache) => withWord(cache, 1)],
  ["of another script", (cache) => withWord(cache, 2)],
])("rejects a cache %s, and the response is the same", (name, alter) => {
  const result = run(name.replaceAll(" ", "-"), (cache, path) => [alter(cache), path]);
  expect(result).toEqual({ statusCode: 200, isRejected: true });
});

test("is packaged for the functions' processor only", () => {
  expect(cacheObstacle("arm64")).toBeUndefined();
  expect(cacheObstacle("x64")).toBe("this machine is x64, and the functions run on arm64");
  expect(readFileSync("serverless.yml", "utf8")).toContain("architecture: arm64");
});
