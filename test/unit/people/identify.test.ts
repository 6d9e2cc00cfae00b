import { beforeEach, describe, expect, it } from "vitest";
import { PeopleSeal } from "../../../lib/people/keys.ts";
import { matchEmail } from "../../../lib/people/match-email.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { ACCOUNTS, createPeopleWorld } from "../../property/people-world.ts";

const [FIRST, SECOND] = ACCOUNTS;
const mailbox = (text: string) => ({ text, mailbox: text, look: text });
const ana = { address: "ana@acme.example", verified: true };
let world: ReturnType<typeof createPeopleWorld>;

const list = (accountId: (typeof ACCOUNTS)[number], id: string, email: string, status = "Enabled") =>
  world.directories.get(accountId)?.set(id, { id, type: "User", status, spelling: mailbox(email) });
const signIn = (accountId?: string, email = ana) =>
  world.signIn({ subject: "ana", email, ...(accountId !== undefined && { accountId }) });

beforeEach(async () => {
  world = createPeopleWorld();
  list(FIRST, "1", ana.address);
  list(SECOND, "2", "ben@globex.example");
  for (const accountId of ACCOUNTS) await world.sync(accountId);
});

describe("a caller whose token names no extension", () => {
  it("is found in the one account of all that has the e-mail, and is known from then on", async () => {
    expect(await signIn()).toMatchObject({ accountId: FIRST, extensionId: "1", foundBy: "email" });
    // The provider's e-mail changes, RingCentral's does not.
    const renamed = { address: "ana.ruiz@acme.example", verified: true };
    world.restart();
    expect(await signIn(undefined, renamed)).toMatchObject({ accountId: FIRST, extensionId: "1" });
  });

  it("is nobody when two accounts have the e-mail, unless the token names the account", async () => {
    list(SECOND, "3", ana.address, "Disabled");
    await world.sync(SECOND);
    expect(await signIn()).toBe("account_forbidden");
    expect(await signIn(FIRST)).toMatchObject({ accountId: FIRST, extensionId: "1" });
  });

  it("is not taken for anybody while the directory of a served account is too old to tell", async () => {
    world.clock.leap(15 * 60_000);
    await world.sync(FIRST);
    expect(await signIn()).toBe("directory_unavailable");
    expect(await signIn(FIRST)).toMatchObject({ extensionId: "1" });
  });

  it("is let in nowhere once the extension is gone, even when the e-mail is another extension's now", async () => {
    await signIn();
    world.directories.get(FIRST)?.delete("1");
    list(FIRST, "4", ana.address);
    await world.sync(FIRST);
    expect(await signIn()).toBe("extension_forbidden");
    expect(await signIn(FIRST)).toBe("extension_forbidden");
  });

  it("is let in nowhere while the extension is disabled, nor when its account is not served any more", async () => {
    await signIn();
    list(FIRST, "1", ana.address, "Disabled");
    await world.sync(FIRST);
    expect(await signIn(FIRST)).toBe("extension_forbidden");
    list(FIRST, "1", ana.address);
    await world.sync(FIRST);
    expect(await signIn(FIRST)).toMatchObject({ extensionId: "1" });
    world.restart([SECOND]);
    expect(await signIn()).toBe("account_forbidden");
  });

  it("is nobody for a client's own token, whatever e-mail it has", async () => {
    const machine = { subject: "night-job", email: ana, accountId: FIRST, isClient: true };
    expect(await world.signIn(machine)).toMatchObject({ foundBy: "none", unmatched: "client_token" });
  });

  it("is rejected when the token names another account than the record", async () => {
    await signIn();
    expect(await signIn(SECOND)).toBe("account_forbidden");
  });

  it("is no extension of an unknown account", async () => {
    expect(await world.signIn({ subject: "ana", email: ana, extensionId: "1" })).toBe("account_forbidden");
  });

  it("has no extension without an e-mail, and is served in the account that the token names", async () => {
    expect(await world.signIn({ subject: "eva", accountId: FIRST })).toMatchObject({
      accountId: FIRST,
      foundBy: "none",
      unmatched: "no_email",
    });
    expect(await world.signIn({ subject: "eva" })).toBe("account_forbidden");
  });

  it("is the one of an administrator's record that was written meanwhile", async () => {
    await signIn();
    const [before] = world.records.dump().filter(({ key }) => key.partition.startsWith("person#"));
    if (before === undefined) throw new Error("no record");
    const written = JSON.stringify({ ...JSON.parse(before.json), accountId: SECOND, extensionId: "2" });
    await world.records.remove(before.key, before.version);
    world.records.faults = {
      before: async ({ operation, key }) => {
        if (operation !== "compareAndSet" || !key.partition.startsWith("person#")) return;
        world.records.faults = {};
        world.records.plant(before.key, 1, written);
      },
    };
    world.restart();
    expect(await signIn()).toMatchObject({ accountId: SECOND, extensionId: "2" });
  });

  it("becomes one record when two requests come first", async () => {
    const callers = await Promise.all([signIn(), signIn()]);
    expect(callers).toMatchObject([{ extensionId: "1" }, { extensionId: "1" }]);
    expect(world.records.dump().filter(({ key }) => key.partition.startsWith("person#"))).toHaveLength(1);
  });
});

it("an e-mail with another alphabet's letter is not that of the ASCII one", () => {
  const entry = { id: "1", type: "User", status: "Enabled", email: "\u212Aim@acme.example" };
  const match = matchEmail({ email: "kim@acme.example", verified: true }, [{ accountId: FIRST, entry }]);
  expect(match).toEqual({ doubt: "look_alike" });
});

it("what is sealed of one person opens at no other's place and in no other account", async () => {
  const key = new Uint8Array(32);
  const keys = { currentKey: async () => key, acceptedKeys: async () => [key] };
  const sealOf = (accountId: string) => new PeopleSeal(keys, accountId, deadlineIn(1_000, world.clock, 0));
  const sealed = await sealOf(FIRST).seal("ana", "person 1");
  expect(await sealOf(FIRST).open(sealed, "person 1")).toBe("ana");
  expect(await sealOf(FIRST).open(sealed, "person 2")).toBeUndefined();
  expect(await sealOf(SECOND).open(sealed, "person 1")).toBeUndefined();
});
