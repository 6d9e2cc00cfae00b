import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { matchEmail } from "../../lib/people/match-email.ts";
import { ACCOUNTS, createPeopleWorld, type Listed, type Spelling } from "./people-world.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });
const numRuns = Number(process.env.DEEP_RUNS ?? 200);

/** The first spelling is the mailbox's own; ASCII case is no difference. Each later mailbox looks like the first one. */
const spelled = (look: string, ...mailboxes: string[][]): Spelling[] =>
  mailboxes.flatMap((texts) => texts.map((text) => ({ text, look, mailbox: texts[0] ?? "" })));
const spellings: readonly Spelling[] = [
  ...spelled(
    "kim",
    ["kim@acme.example", "Kim@Acme.example", "KIM@ACME.EXAMPLE"],
    ["\u212aim@acme.example"], // the Kelvin sign
    ["k\u0131m@acme.example"], // a dotless i
    ["k\u0130m@acme.example"], // a dotted capital I
    ["\uff4bim@acme.example"], // full width
    ["kim\u200b@acme.example"], // without width
    ["k\u00edm@acme.example"],
    ["ki\u0301m@acme.example"],
    [" kim@acme.example"],
    ["kim@acme\u00ad.example"],
  ),
  ...spelled(
    "bess",
    ["bess@acme.example", "BESS@acme.example"],
    ["be\u017f\u017f@acme.example"],
    ["be\u00df@acme.example"],
  ),
  ...spelled("cyrillic", ["\u043aim@acme.example"]),
  ...spelled("dots", ["k.im@acme.example", "K.IM@acme.example"]),
  ...spelled("tag", ["kim+phone@acme.example"]),
  ...spelled("other domain", ["kim@acme.example.evil.example"]),
];
const isAscii = ({ text }: Spelling) => /^[\x21-\x7e]+$/.test(text);

const account = fc.constantFrom(...ACCOUNTS);
/** An index into the few spellings of one run, so that they meet. */
const place = fc.nat({ max: 11 });
/** The first ones are the same mailbox. */
const cast = fc.tuple(
  fc.constantFrom(...spellings.slice(0, 3)),
  fc.constantFrom(...spellings),
  fc.constantFrom(...spellings),
);
const id = fc.integer({ min: 1, max: 3 }).map((n) => `380000${n}`);
const entry = fc.record(
  {
    id,
    type: fc.constantFrom("User", "User", "User", "Department", "External"),
    status: fc.constantFrom("Enabled", "Enabled", "Enabled", "Disabled", "NotActivated"),
    spelling: place,
  },
  { requiredKeys: ["id", "type", "status"] },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("edit" as const), account, entry }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), account, id }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("tweak" as const),
      account,
      id,
      change: fc.oneof(
        fc.record({ status: fc.constantFrom("Enabled", "Disabled") }),
        fc.record({ spelling: place }),
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("sync" as const), account }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("sign in" as const),
      person: place,
      verified: fc.constantFrom<unknown>(true, true, true, "true", "true", false, undefined, "yes"),
      isFresh: fc.constantFrom(true, true, true, false),
      named: fc.option(account, { nil: undefined, freq: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rotate" as const), account }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.integer({ min: 0, max: 20 * 60_000 }),
    }),
  },
);

type World = ReturnType<typeof createPeopleWorld>;
const latest = ({ copies }: World, accountId: (typeof ACCOUNTS)[number]) =>
  copies.get(accountId)?.at(-1) ?? [];
const users = (list: readonly Listed[]) => list.filter(({ type }) => type === "User");

/** Whose extension it is beyond doubt, as far as the accounts' present copies say. */
function isCertain(
  world: World,
  own: Spelling,
  accounts: readonly (typeof ACCOUNTS)[number][],
  wanted: string,
): boolean {
  const alike = accounts.flatMap((accountId) =>
    users(latest(world, accountId)).filter((one) => one.spelling?.look === own.look),
  );
  const [only, ...others] = alike;
  return (
    others.length === 0 &&
    only?.id === wanted &&
    only.spelling?.mailbox === own.mailbox &&
    only.status === "Enabled"
  );
}

describe("a sign-in by e-mail", () => {
  it("is connected with the one enabled extension of the same mailbox, whatever the directories go through", async () => {
    let matches = 0;
    const property = fc.asyncProperty(
      cast,
      fc.array(step, { minLength: 12, maxLength: 40 }),
      async (players, steps) => {
        const spellingAt = (at: number) => players[at % players.length] ?? players[0];
        const world = createPeopleWorld();
        /** By person: the extension, and the count of its account's copies when the e-mail was last beyond doubt. */
        const links = new Map<
          string,
          { accountId: (typeof ACCOUNTS)[number]; extensionId: string; copy: number }
        >();
        for (const accountId of ACCOUNTS) {
          world.directories.get(accountId)?.set("1", { id: "1", type: "User", status: "Enabled" });
          await world.sync(accountId);
        }
        for (const one of steps) {
          if (one.kind === "edit") {
            const { spelling, ...listed } = one.entry;
            const own = spelling === undefined ? {} : { spelling: spellingAt(spelling) };
            world.directories.get(one.account)?.set(listed.id, { ...listed, ...own });
          }
          const listed = one.kind === "tweak" ? world.directories.get(one.account)?.get(one.id) : undefined;
          if (one.kind === "tweak" && listed !== undefined) {
            const { change } = one;
            if ("status" in change) listed.status = change.status;
            else listed.spelling = spellingAt(change.spelling);
          }
          if (one.kind === "remove") world.directories.get(one.account)?.delete(one.id);
          if (one.kind === "sync") await world.sync(one.account);
          if (one.kind === "restart") world.restart();
          if (one.kind === "rotate") world.rotate(one.account);
          if (one.kind === "wait") world.clock.leap(one.ms);
          if (one.kind !== "sign in") continue;
          if (one.isFresh) for (const accountId of ACCOUNTS) await world.sync(accountId);
          // A doubt is known to the process for a minute.
          world.clock.leap(60_000);
          const own = spellingAt(one.person);
          const caller = await world.signIn({
            subject: own.mailbox,
            ...(one.named !== undefined && { accountId: one.named }),
            email: { address: own.text, verified: one.verified },
          });
          if (typeof caller === "string" || caller.extensionId === undefined) continue;
          matches += 1;
          const accountId = ACCOUNTS.find((each) => each === caller.accountId) ?? ACCOUNTS[0];
          const { extensionId } = caller;
          // Never one that the copy does not show as enabled, nor of another account than the token's.
          expect(latest(world, accountId).find((listed) => listed.id === extensionId)?.status).toBe(
            "Enabled",
          );
          expect([undefined, accountId]).toContain(one.named);
          const asked = one.named === undefined ? ACCOUNTS : [one.named];
          const copies = world.copies.get(accountId) ?? [];
          const mayBeFound = (one.verified === true || one.verified === "true") && isAscii(own);
          const link = links.get(own.mailbox);
          const isLinked = link?.accountId === accountId && link.extensionId === extensionId;
          // Known already, and the extension had the same e-mail ever since; or found now.
          const held = copies.slice((isLinked ? link.copy : copies.length) - 1);
          const mailboxes = new Set(
            held.map((copy) => copy.find((listed) => listed.id === extensionId)?.spelling?.mailbox ?? "none"),
          );
          const isKept = isLinked && mailboxes.size === 1;
          const isFound = mayBeFound && isCertain(world, own, asked, extensionId);
          const isConfirmed = mayBeFound && isCertain(world, own, [accountId], extensionId);
          expect(isKept || isFound || (isLinked && isConfirmed)).toBe(true);
          if (!isKept) links.set(own.mailbox, { accountId, extensionId, copy: copies.length });
        }
        // Neither the table nor the log has an e-mail in the clear.
        const texts = [...world.records.dump().map(({ json }) => json), world.logged()].join();
        for (const { text } of spellings) expect(texts).not.toContain(text);
      },
    );
    await fc.assert(property, { numRuns });
    expect(matches).toBeGreaterThan(numRuns / 10);
  });

  it("needs a claim that says the e-mail is verified, in the two ways that providers have", () => {
    const found = {
      accountId: "1",
      entry: { id: "2", type: "User", status: "Enabled", email: "kim@acme.example" },
    };
    for (const verified of [true, "true"]) {
      expect(matchEmail({ email: "KIM@acme.example", verified }, [found])).toEqual({ found });
    }
    for (const verified of [false, "false", 1, "1", "TRUE", null, undefined, {}, [true]]) {
      expect(matchEmail({ email: "kim@acme.example", verified }, [found])).toEqual({
        doubt: "email_unverified",
      });
    }
  });
});
