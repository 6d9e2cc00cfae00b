import { describe, expect, it } from "vitest";
import { workDone, working } from "../../support/machine-work.ts";

describe("the end of the machine's work", () => {
  it("comes after every call of WebCrypto and what follows from it", async () => {
    let digests = 0;
    const digestTwice = async () => {
      for (; digests < 2; digests += 1) await crypto.subtle.digest("SHA-256", new Uint8Array(20_000_000));
    };
    void digestTwice();
    await workDone();
    expect(digests).toBe(2);
  });

  it("comes after counted work that fails", async () => {
    let isOver = false;
    const fail = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      isOver = true;
      throw new Error("failed");
    };
    const failure = expect(working(fail())).rejects.toThrow("failed");
    await workDone();
    expect(isOver).toBe(true);
    await failure;
  });
});
