import * as z from "zod/mini";
import { unpackIds } from "../../lib/platform/packed-ids.ts";
import { chunksOf, inflated, isStaged, redactedChanges, redactedChunk, withoutId } from "./numbers.ts";
import {
  concerns,
  type Found,
  isAccount,
  isExtension,
  type TableRecord,
  type Target,
  type Verdict,
} from "./target.ts";

/** One kind of record of the table: what it holds of people, and what erasing makes of it. docs/privacy.md shows the list. */
export interface RecordKind {
  /** `partition / sort`. `<account>`, `<extension>`, `<person>` and `<…>` stand for what differs. */
  key: string;
  holds: string;
  sealed: string;
  kept: string;
  why: string;
  /** Fills `found` in a first pass. */
  look?: (record: TableRecord, ids: Ids, found: Found, target: Target) => Promise<void> | void;
  erase: (record: TableRecord, ids: Ids, found: Found, target: Target) => Promise<Verdict> | Verdict;
}

/** The parts of a key that its pattern names. */
type Ids = Partial<Record<"accountId" | "extensionId" | "personId", string>>;

const groups: Readonly<Record<string, string>> = {
  "<account>": "(?<accountId>[^#]+)",
  "<extension>": "(?<extensionId>[^#]+)",
  "<person>": "(?<personId>[^#]+)",
};

/** The kind of a record, and the ids in its key. Kinds are tried in order. */
export function kindOf({ pk, sk }: Pick<TableRecord, "pk" | "sk">): [RecordKind, Ids] | undefined {
  for (const kind of recordKinds) {
    const found = patternOf(kind).exec(`${pk} / ${sk}`);
    if (found !== null) return [kind, { ...found.groups }];
  }
  return undefined;
}

function patternOf({ key }: RecordKind): RegExp {
  const parts = key.split(/(<[a-z]+>|<…>)/).map((part) => {
    if (part === "<…>") return ".+";
    return groups[part] ?? part.replaceAll(/[/#.-]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}

const deleteOf: RecordKind["erase"] = (_, ids, found, target) =>
  concerns(target, found, ids) ? "delete" : "keep";
const deleteOfAccount: RecordKind["erase"] = (_, { accountId }, __, target) =>
  isAccount(target, accountId) ? "delete" : "keep";

const Person = z.object({ accountId: z.string(), extensionId: z.string() });
const Kept = z.array(z.looseObject({ personId: z.string() }));
const Owned = z.looseObject({
  owner: z.optional(
    z.object({ accountId: z.string(), extensionId: z.optional(z.string()), callerId: z.string() }),
  ),
});
const Grants = z.object({ endsAt: z.record(z.string(), z.number()) });
const Head = z.object({
  version: z.number(),
  checkedBy: z.optional(z.number()),
  latest: z.optional(z.object({ runId: z.string() })),
});
const DirectoryHead = z.object({ chunks: z.array(z.object({ key: z.string() })), states: z.string() });
const PackedIds = z.union([z.string(), z.array(z.string())]);
const States = z.object({ ids: z.record(z.string(), PackedIds) });
const Quarantine = z.looseObject({ generation: z.number() });
const Limited = z.looseObject({ limited: z.array(z.looseObject({ extensionId: z.string() })) });
const Survey = z.looseObject({ extensions: z.record(z.string(), z.unknown()) });

const people: RecordKind[] = [
  {
    key: "person#<person> / person",
    holds: "which extension a sign-in is; the token's subject and e-mail",
    sealed: "subject and e-mail",
    kept: "until it is removed",
    why: "finds the extension of people without RingCentral claims",
    look({ value }, { personId = "" }, found, target) {
      const ids = Person.parse(value);
      if (personId === target.personId || concerns(target, found, ids)) found.people.add(personId);
    },
    erase: deleteOf,
  },
  {
    key: "people#<account> / list#<…>",
    holds: "ids of people",
    sealed: "no: pseudonyms",
    kept: "until they are removed",
    why: "lists an account's people",
    erase({ value }, { accountId }, found, target) {
      const ids = z.array(z.string()).parse(value);
      if (isAccount(target, accountId)) return "delete";
      const left = ids.filter((id) => !found.people.has(id));
      return left.length === ids.length ? "keep" : { value: left };
    },
  },
  {
    key: "people#<account> / unmatched",
    holds: "the last 100 sign-ins without an extension: subject, e-mail, reason",
    sealed: "subject and e-mail",
    kept: "7 days",
    why: "an administrator connects them",
    erase({ value }, { accountId }, found, target) {
      if (isAccount(target, accountId)) return "delete";
      const list = Kept.parse(value);
      const left = list.filter(({ personId }) => !found.people.has(personId));
      return left.length === list.length ? "keep" : { value: left };
    },
  },
  {
    key: "directory#<account> / head",
    holds: "ids of extensions, with their states",
    sealed: "no: ids",
    kept: "until the next reading, 15 minutes",
    why: "shuts out people whose extension is disabled",
    async look({ value }, { accountId = "" }, found) {
      const { chunks, states } = DirectoryHead.parse(value);
      const { ids } = States.parse(await inflated({ deflated: states }));
      found.directories.set(accountId, {
        chunks: new Set(chunks.map(({ key }) => key)),
        extensions: new Set(Object.values(ids).flatMap(unpackIds)),
      });
    },
    erase(_, { accountId = "" }, { directories }, target) {
      if (isAccount(target, accountId)) return "delete";
      const isListed = directories.get(accountId)?.extensions.has(target.extensionId ?? "");
      return isListed && isExtension(target, { accountId, extensionId: target.extensionId })
        ? "remains"
        : "keep";
    },
  },
  {
    key: "directory#<account> / chunk#<…>",
    holds: "the company directory: names, e-mails, numbers, departments, job titles",
    sealed: "yes",
    kept: "until the next reading that differs",
    why: "finds people by e-mail; lists extensions",
    erase({ sk }, { accountId = "" }, { directories }, target) {
      if (isAccount(target, accountId)) return "delete";
      // Sealed: whether the person is in it cannot be told. The head names those that readers need.
      const isRead = directories.get(accountId)?.chunks.has(sk) ?? true;
      return target.extensionId === undefined || isRead ? "keep" : "delete";
    },
  },
];

const signIns: RecordKind[] = [
  {
    key: "session#<account>#<extension> / session",
    holds: "a person's RingCentral tokens",
    sealed: "yes",
    kept: "until log-out, or 7 days without use",
    why: "calls RingCentral as that person",
    erase: deleteOf,
  },
  {
    key: "sign-in#<account>-<extension> / grants",
    holds: "which apps a person has signed in to",
    sealed: "no: names of records",
    kept: "as long as the longest refresh token",
    why: "ends the session with the last app",
    look({ pk, value }, ids, found, target) {
      if (!concerns(target, found, ids)) return;
      found.grants.add(pk);
      for (const name of Object.keys(Grants.parse(value).endsAt)) found.grants.add(`sign-in#${name}`);
    },
    erase: ({ pk }, _, { grants }) => (grants.has(pk) ? "delete" : "keep"),
  },
  {
    key: "sign-in#<…> / <…>",
    holds: "codes, refresh tokens, log-ins under way: account, extension, app",
    sealed: "yes, under a key that only the bearer has",
    kept: "minutes; refresh tokens as long as they are valid",
    why: "sign-in with RingCentral",
    // Of the grants. Codes and refresh tokens of an erased grant open nothing, name nobody, and lapse.
    erase: ({ pk }, _, { grants }) => (grants.has(pk) ? "delete" : "keep"),
  },
];

const calls: RecordKind[] = [
  {
    key: "token#<account> / token",
    holds: "the service's RingCentral token",
    sealed: "yes",
    kept: "until the next log-in",
    why: "one token for all processes",
    erase: deleteOfAccount,
  },
  {
    key: "token-calls#<…> / calls",
    holds: "when an app asked for tokens, and hashes of who waits for one",
    sealed: "no: hashes of ids, for minutes",
    kept: "24 hours",
    why: "RingCentral's limit of token requests",
    erase: () => "keep",
  },
  {
    key: "issuer#<…> / keys",
    holds: "the public keys of an issuer of access tokens",
    sealed: "yes",
    kept: "an hour",
    why: "a new process need not ask the issuer",
    erase: () => "keep",
  },
  {
    key: "rate-limit#<account> / limits",
    holds: "recent calls: the route, 3 characters of the caller's pseudonym, 2 of the extension's hash",
    sealed: "no: too short to name anybody",
    kept: "30 days after the last call",
    why: "budgets and fair shares",
    erase: deleteOfAccount,
  },
  {
    key: "rate-limit#<account>#<extension> / limits",
    holds: "recent calls of a user who signed in",
    sealed: "no: routes and times",
    kept: "30 days after the last call",
    why: "that user's budgets",
    erase: deleteOf,
  },
  {
    key: "account#<account> / user-budgets",
    holds: "how many users pay themselves; the extensions whose budgets were short",
    sealed: "no: a count and ids",
    kept: "2 days",
    why: "operators see who is limited",
    erase({ value }, { accountId }, _, target) {
      if (isAccount(target, accountId)) return "delete";
      const { limited, ...counts } = Limited.parse(value);
      const isOther = (one: string) => !isExtension(target, { accountId, extensionId: one });
      const others = limited.filter(({ extensionId }) => isOther(extensionId));
      return others.length === limited.length ? "keep" : { value: { ...counts, limited: others } };
    },
  },
  {
    key: "account#<account> / <…>",
    holds: "counts of problems, limited mode, which endpoint serves blocked numbers",
    sealed: "no: nothing personal",
    kept: "a day",
    why: "operators; one look instead of many",
    erase: deleteOfAccount,
  },
  {
    key: "idempotency#<…> / <…>",
    holds: "the response to a write: numbers and labels; who sent it, for which extension",
    sealed: "the response; the rest are a pseudonym and ids",
    kept: "24 hours",
    why: "a repetition changes nothing",
    erase({ value }, _, found, target) {
      const { owner } = Owned.parse(value);
      if (owner === undefined) return "remains";
      return concerns(target, found, { ...owner, personId: owner.callerId }) ? "delete" : "keep";
    },
  },
  {
    key: "cache#<account>#<extension> / <…>",
    holds: "RingCentral's responses: numbers, labels, settings; for `account` those of the company",
    sealed: "yes; not whose they are",
    kept: "24 hours",
    why: "fewer calls; lists while RingCentral is away",
    erase(record, ids, found, target) {
      const isCompany = ids.extensionId === "account" && record.sk.startsWith("response#");
      const isTheirCompany = isCompany && (target.accountId ?? ids.accountId) === ids.accountId;
      if (target.extensionId !== undefined && isTheirCompany) return "delete";
      return deleteOf(record, ids, found, target);
    },
  },
  {
    key: "forwarding#<account> / survey#<…>",
    holds: "ids of extensions, with their call-handling backend",
    sealed: "no: ids",
    kept: "as long as the account",
    why: "operators see who has moved",
    erase({ value }, { accountId }, _, target) {
      if (isAccount(target, accountId)) return "delete";
      const { extensions, ...survey } = Survey.parse(value);
      const { extensionId = "" } = target;
      if (!(extensionId in extensions) || !isExtension(target, { accountId, extensionId })) return "keep";
      const { [extensionId]: __, ...others } = extensions;
      return { value: { ...survey, extensions: others } };
    },
  },
  {
    key: "forwarding#<account>#<extension> / <…>",
    holds:
      "the backend of an extension, ids given out earlier, a change under way: numbers and labels while it lasts",
    sealed: "no: ids are MACs",
    kept: "as long as the extension; a change for minutes",
    why: "ids stay the same; half-done changes are completed",
    erase: deleteOf,
  },
  {
    key: "webhook#<account> / <…>",
    holds: "ids of notifications",
    sealed: "no: nothing personal",
    kept: "24 hours",
    why: "each notification counts once",
    erase: deleteOfAccount,
  },
];

const numbers: RecordKind[] = [
  {
    key: "sync#<account> / chunk#<…>",
    holds: "the company's numbers, with labels, and the ids, names and numbers of their extensions",
    sealed: "no: see below",
    kept: "a day after a sync replaced them",
    why: "the company's list",
    async erase({ sk, value }, { accountId = "" }, { snapshots }, target) {
      if (isAccount(target, accountId)) return "delete";
      const { extensionId } = target;
      if (extensionId === undefined || !isExtension(target, { accountId, extensionId })) return "keep";
      const redacted = await redactedChunk(value, extensionId);
      if (redacted === undefined) return "keep";
      return snapshots.get(accountId)?.chunks.has(sk) ? "remains" : { value: redacted, once: true };
    },
  },
  {
    key: "sync#<account> / changes#<…>",
    holds: "changes of the company's numbers, the same data",
    sealed: "no: see below",
    kept: "31 days",
    why: "apps follow the changes",
    async erase({ value }, { accountId }, _, target) {
      if (isAccount(target, accountId)) return "delete";
      const { extensionId } = target;
      if (extensionId === undefined || !isExtension(target, { accountId, extensionId })) return "keep";
      const redacted = await redactedChanges(value, extensionId);
      return redacted === undefined ? "keep" : { value: redacted, once: true };
    },
  },
  {
    key: "sync#<account> / stage#<…>",
    holds: "pages of a run, the same data",
    sealed: "no: see below",
    kept: "24 hours",
    why: "a run continues after a failure",
    async erase({ value }, { accountId }, _, target) {
      if (isAccount(target, accountId)) return "delete";
      const { extensionId } = target;
      if (extensionId === undefined || !isExtension(target, { accountId, extensionId })) return "keep";
      // The run starts over.
      return (await isStaged(value, extensionId)) ? "delete" : "keep";
    },
  },
  {
    key: "sync#<account> / quarantine",
    holds: "the first 25 missing numbers, masked, with labels or names",
    sealed: "no: see below",
    kept: "until the next quarantine",
    why: "an operator confirms their removal",
    erase({ value }, { accountId = "" }, { snapshots }, target) {
      if (isAccount(target, accountId)) return "delete";
      const { generation, ...quarantine } = Quarantine.parse(value);
      const isOver = generation <= (snapshots.get(accountId)?.checkedBy ?? 0);
      if (target.extensionId === undefined || !isOver || !("numbers" in quarantine)) return "keep";
      const { numbers: _, ...rest } = quarantine;
      return { value: { generation, ...rest } };
    },
  },
  {
    key: "sync#<account> / manifest#<…>",
    holds: "names of chunks",
    sealed: "no: nothing personal",
    kept: "a day after a sync replaced it",
    why: "the company's list",
    erase: deleteOfAccount,
  },
  {
    key: "sync#<account> / <…>",
    holds: "state and history of the syncs, the queue and the feed",
    sealed: "no: nothing personal",
    kept: "as long as the account",
    why: "syncs continue",
    async look({ sk, value }, { accountId = "" }, found) {
      if (sk !== "head") return;
      const { checkedBy = 0 } = Head.parse(value);
      found.snapshots.set(accountId, { chunks: new Set(), checkedBy });
    },
    erase: deleteOfAccount,
  },
  {
    key: "sync / <…>",
    holds: "ids of the accounts to sync, the id of the table",
    sealed: "no: nothing personal",
    kept: "as long as the account",
    why: "the schedule",
    async erase({ sk, value }, _, __, target) {
      if (target.accountId === undefined || !isAccount(target, target.accountId)) return "keep";
      if (sk === "table") return "keep";
      const left = await withoutId(value, target.accountId);
      return left === undefined ? "keep" : { value: left };
    },
  },
];

/** Every kind of record that the code writes: test/unit/infra/erasure.test.ts compares. */
export const recordKinds: readonly RecordKind[] = [...people, ...signIns, ...calls, ...numbers];

/** The manifest of the version that an account's head names. */
export async function lookAtManifest(
  head: TableRecord,
  read: (pk: string, sk: string) => Promise<TableRecord | undefined>,
  { snapshots }: Found,
): Promise<void> {
  const { version, latest } = Head.parse(head.value);
  const manifest = latest && (await read(head.pk, `manifest#${version}#${latest.runId}`));
  if (manifest === undefined) return;
  const snapshot = snapshots.get(head.pk.replace("sync#", ""));
  for (const key of await chunksOf(manifest.value)) snapshot?.chunks.add(key);
}
