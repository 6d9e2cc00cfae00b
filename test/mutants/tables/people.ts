import type { Protocol } from "../mutant.ts";

export const people: Protocol = {
  name: "people",
  title: "People matching",
  files: {
    "lib/people/match-email.ts": [
      {
        id: "one-of-several",
        rule: "One of several entries with the e-mail is taken.",
        text: 'if (another !== undefined) return { doubt: lookAlikes.every(isSame) ? "several_entries" : "look_alike" };',
        replacement: "",
        tests: ["unit/people/identify"],
      },
      {
        id: "kelvin-folded",
        rule: "Letters are folded by Unicode.",
        text: "text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());",
        replacement: "text.toLowerCase();",
        tests: ["unit/people/directory"],
      },
    ],
    "lib/people/identify.ts": [
      {
        id: "one-account-asked",
        rule: "Only the first served account is asked for an e-mail.",
        text: "claimant.accountId === undefined ? this.#deps.servedAccounts : [claimant.accountId]",
        replacement:
          "claimant.accountId === undefined ? this.#deps.servedAccounts.slice(0, 1) : [claimant.accountId]",
        tests: ["unit/people/identify"],
      },
      {
        id: "old-directory-matches",
        rule: "A directory of any age matches an e-mail.",
        text: "directory: await this.#deps.directories.current(accountId, sought),",
        replacement: "directory: await this.#deps.directories.latest(accountId, sought),",
        tests: ["unit/people/identify"],
      },
      {
        id: "doubt-of-anybody",
        rule: "A doubt about one person is everybody's.",
        text: "const question = JSON.stringify([personId, claimant.accountId, email]);",
        replacement: 'const question = "";',
        tests: ["unit/people/identify"],
      },
    ],
    "lib/people/directory/copy.ts": [
      {
        id: "copy-written-blind",
        rule: "A copy replaces that of another process.",
        text: 'await records.compareAndSet(at(accountId, "head"), before?.version ?? null, head);',
        replacement:
          'await records.compareAndSet(at(accountId, "head"), (await readHead(records, accountId))?.version ?? null, head);',
        tests: ["unit/people/directory"],
      },
      {
        id: "chunks-removed-at-once",
        rule: "Chunks that readers of the former head need are removed.",
        text: "isOurs ? (before?.value.dropped ?? []) : vain",
        replacement: "isOurs ? head.dropped : vain",
        tests: ["unit/people/directory"],
      },
      {
        id: "vain-chunks-left",
        rule: "Chunks that were written in vain are left behind.",
        text: "isOurs ? (before?.value.dropped ?? []) : vain",
        replacement: "isOurs ? (before?.value.dropped ?? []) : []",
        tests: ["unit/people/directory"],
      },
    ],
    "lib/people/directory/directories.ts": [
      {
        id: "head-kept-long",
        rule: "A head is used for an hour before it is read again.",
        text: "now - known.readAt < HEAD_CACHE_MS",
        replacement: "now - known.readAt < 120 * HEAD_CACHE_MS",
        tests: ["unit/people/directory"],
      },
    ],
    "lib/people/directory/sync.ts": [
      {
        id: "empty-list-taken",
        rule: "An empty list replaces the directory.",
        text: 'if (reading.entries?.length === 0) return { state: "unreadable", reason: "empty" };',
        replacement: "",
        tests: ["unit/people/directory"],
      },
      {
        id: "older-reading-wins",
        rule: "A reading that began earlier replaces a later one.",
        text: 'if (before !== undefined && before.value.checkedAt >= checkedAt) return { state: "already_read" };',
        replacement: "",
        tests: ["unit/people/directory"],
      },
      {
        id: "etag-of-first-page",
        rule: "The ETag of the first page stands for all.",
        text: "etag: totalPages > 1 ? undefined : first.etag",
        replacement: "etag: first.etag",
        tests: ["unit/people/directory"],
      },
    ],
    "lib/people/unmatched-sign-ins.ts": [
      {
        id: "unmatched-twice",
        rule: "A sign-in is listed once for each time.",
        text: "list.filter((kept) => kept.personId !== personId).filter",
        replacement: "list.filter",
        tests: ["unit/people/directory"],
      },
    ],
  },
};
