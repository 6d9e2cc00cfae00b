import { readFileSync } from "node:fs";
import { cachedDataVersionTag, setFlagsFromString } from "node:v8";
import vm from "node:vm";

// Lambda starts Node with this flag, which is part of V8's version tag and changes nothing for code.
setFlagsFromString("--no-expose-gc");
const path = import.meta.filename.replace(/\.mjs$/, "");
function cachedCode() {
  try {
    return readFileSync(`${path}.${process.arch}-${cachedDataVersionTag()}.cache`);
  } catch {
    return undefined;
  }
}
const script = new vm.Script(readFileSync(`${path}.script`, "latin1"), {
  filename: import.meta.filename,
  cachedData: cachedCode(),
});
export const { handler } = script.runInThisContext();
globalThis.__script = script;
