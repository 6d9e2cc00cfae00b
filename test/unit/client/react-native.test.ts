import { afterAll, beforeAll, describe, vi } from "vitest";
import { reactNative } from "../../support/react-native-globals.ts";

beforeAll(() => {
  for (const [name, value] of Object.entries(reactNative)) vi.stubGlobal(name, value);
});
afterAll(() => void vi.unstubAllGlobals());

/** The other tests of the client, again: a query makes them modules of their own. */
const suites = [
  "access-token",
  "paging",
  "phone-number-mirror",
  "problems",
  "retries",
  "tag-cache",
  "write-queue",
];
for (const suite of suites) {
  describe(`on React Native: ${suite}`, async () => {
    await import(/* @vite-ignore */ `./${suite}.test.ts?react-native`);
  });
}
