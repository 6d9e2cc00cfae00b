import { URL } from "node:url";
import { describe, expect, test } from "vitest";
import { PhoneNumberMirror } from "../../../lib/client/src/index.ts";
import { clientOf, json, lostConnection, problem, type Responder } from "./fake-api.ts";

const meta = { source: "snapshot", asOf: "2026-01-01T00:00:00Z" };
const number = (id: string, label = "first") => ({ id, phoneNumber: `+1202555${id}`, label });
const start =
  (cursor: string): Responder =>
  () =>
    json({
      data: [],
      page: { limit: 100, hasMore: false, nextCursor: cursor },
      meta: { ...meta, snapshot: "/v1/account/phone-numbers?cursor=at-version-1" },
    });
const list =
  (...data: unknown[]): Responder =>
  () =>
    json({ data, page: { limit: 100, hasMore: false }, meta });
const changes =
  (nextCursor: string, hasMore: boolean, ...data: unknown[]): Responder =>
  () =>
    json({ data, page: { limit: 100, hasMore, nextCursor }, meta });
const change = (sequence: number, type: string, id: string, label?: string) => ({
  sequence,
  type,
  id,
  at: meta.asOf,
  ...(type !== "removed" && { phoneNumber: number(id, label) }),
});

describe("a mirror of the numbers", () => {
  test("loads the list in the version that the feed starts from", async () => {
    const { client, requests } = clientOf([start("f1"), list(number("0100"), number("0101"))]);
    const mirror = new PhoneNumberMirror(client);
    expect(await mirror.refresh()).toBeUndefined();
    expect([...mirror.numbers.keys()]).toEqual(["0100", "0101"]);
    expect(mirror.cursor).toBe("f1");
    expect(new URL(requests[1]?.url ?? "").search).toBe("?cursor=at-version-1");
  });

  test("then applies the changes of every page and continues from there", async () => {
    const { client, requests } = clientOf([
      changes("f2", true, change(1, "added", "0102"), change(2, "updated", "0100", "second")),
      changes("f3", false, change(3, "removed", "0101")),
      changes("f3", false),
    ]);
    const mirror = new PhoneNumberMirror(client, {
      numbers: [number("0100"), number("0101")].map((kept) => ({
        ...kept,
        usageType: "x",
        status: "y",
        primary: false,
      })),
      cursor: "f1",
    });
    expect((await mirror.refresh())?.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect([...mirror.numbers.values()].map(({ id, label }) => [id, label])).toEqual([
      ["0100", "second"],
      ["0102", "first"],
    ]);
    expect(await mirror.refresh()).toEqual([]);
    expect(requests.map(({ url }) => new URL(url).searchParams.get("cursor"))).toEqual(["f1", "f2", "f3"]);
  });

  test("loads all numbers again after the cursor has expired", async () => {
    const { client } = clientOf([() => problem(410, "cursor_expired"), start("f9"), list(number("0109"))]);
    const mirror = new PhoneNumberMirror(client, { cursor: "f1" });
    await mirror.refresh();
    expect([...mirror.numbers.keys()]).toEqual(["0109"]);
    expect(mirror.cursor).toBe("f9");
  });

  test("is unchanged when a refresh fails half way", async () => {
    const { client } = clientOf(
      [start("f1"), list(number("0100")), changes("f2", true, change(1, "removed", "0100")), lostConnection],
      { retries: { attempts: 1 } },
    );
    const mirror = new PhoneNumberMirror(client);
    await mirror.refresh();
    await expect(mirror.refresh()).rejects.toThrow("fetch failed");
    expect([...mirror.numbers.keys()]).toEqual(["0100"]);
    expect(mirror.cursor).toBe("f1");
  });

  test("shares one refresh among concurrent calls", async () => {
    const { client, requests } = clientOf([start("f1"), list(number("0100"))]);
    const mirror = new PhoneNumberMirror(client);
    await Promise.all([mirror.refresh(), mirror.refresh(), mirror.refresh()]);
    expect(requests).toHaveLength(2);
  });
});
