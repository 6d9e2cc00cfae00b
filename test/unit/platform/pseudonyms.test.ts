import { describe, expect, test } from "vitest";
import { systemClock } from "../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { createPseudonymSource, Pseudonyms } from "../../../lib/platform/pseudonyms.ts";

describe("a pseudonym", () => {
  const key = "k".repeat(64);
  const names = new Pseudonyms(key);

  test("is the same in every process, and another one for another person, issuer or key", () => {
    const ana = names.ofPerson("https://login.example", "ana@example.com");
    expect(ana).toMatch(/^[\w-]{22}$/);
    expect(new Pseudonyms(key).ofPerson("https://login.example", "ana@example.com")).toBe(ana);
    const others = [
      names.ofPerson("https://login.example", "ben@example.com"),
      names.ofPerson("https://other.example", "ana@example.com"),
      // The parts are kept apart.
      names.ofPerson("https://login.exampleana", "@example.com"),
      names.of("request", "https://login.example", "ana@example.com"),
      new Pseudonyms("l".repeat(64)).ofPerson("https://login.example", "ana@example.com"),
    ];
    expect(new Set([ana, ...others]).size).toBe(6);
  });

  test("comes with the key's name, which says nothing of the key", () => {
    expect(names.keyId).toMatch(/^[\w-]{8}$/);
    expect(names.keyId).not.toBe(new Pseudonyms("l".repeat(64)).keyId);
  });

  test("has a key that cannot be guessed", async () => {
    const load = async () => async () => ({ SecretString: "k".repeat(31) });
    const source = createPseudonymSource("names", systemClock, load);
    await expect(source.current(deadlineIn(1_000, systemClock, 0))).rejects.toThrow("too short");
  });
});
