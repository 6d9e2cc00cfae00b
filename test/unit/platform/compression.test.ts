import { expect, it } from "vitest";
import { compress, decompress } from "../../../lib/platform/compression.ts";

it("restores a text unchanged, and stores repetitive text in less space", async () => {
  const text = JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ id: index, label: "Büro 📞" })));
  const compressed = await compress(text);
  expect(compressed.length).toBeLessThan(text.length / 4);
  expect(await decompress(compressed)).toBe(text);
});

it("rejects other input", async () => {
  await expect(decompress("bm90IGRlZmxhdGVk")).rejects.toThrow();
});
