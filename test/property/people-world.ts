import { createHmac } from "node:crypto";
import { ProblemError } from "../../lib/contract/problems.ts";
import type { Caller, Claimant } from "../../lib/people/claimant.ts";
import { Directories, HEAD_CACHE_MS } from "../../lib/people/directory/directories.ts";
import { syncDirectory } from "../../lib/people/directory/sync.ts";
import { CallerFinder } from "../../lib/people/identify.ts";
import { contentTag } from "../../lib/platform/content-tag.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { Pseudonyms } from "../../lib/platform/pseudonyms.ts";
import type { Operation, OperationInput, RingCentral } from "../../lib/ringcentral/api/operation.ts";
import { captureLog } from "../support/capture-log.ts";
import { leapingClock } from "../support/manual-clock.ts";
import { createMemoryRecordStore } from "../support/memory-record-store.ts";

export const ACCOUNTS = ["3700111", "3700222"] as const;
type AccountId = (typeof ACCOUNTS)[number];

/** One spelling of an e-mail: the mailbox it is, and the look that other mailboxes may share. */
export interface Spelling {
  text: string;
  mailbox: string;
  look: string;
}

/** An extension as RingCentral has it. */
export interface Listed {
  id: string;
  type: string;
  status: string;
  spelling?: Spelling;
}

/**
 * Two accounts' directories at RingCentral, their copies in a table, and a process that identifies callers. The names of
 * mailboxes and looks are the truth that the code does not know.
 */
export function createPeopleWorld() {
  const clock = leapingClock();
  const records = createMemoryRecordStore();
  const log = captureLog();
  const pseudonyms = new Pseudonyms("a key that a test made, long enough");
  const directories = new Map<AccountId, Map<string, Listed>>(ACCOUNTS.map((id) => [id, new Map()]));
  /** What each account's copy has shown, in order. */
  const copies = new Map<AccountId, Listed[][]>(ACCOUNTS.map((id) => [id, []]));
  let names = 0;
  const nextName = () => {
    names += 1;
    return `name ${names}`;
  };
  const secrets = new Map<AccountId, string[]>(ACCOUNTS.map((id) => [id, ["first"]]));
  const keysOf = (accountId: string) =>
    (secrets.get(ACCOUNTS.find((id) => id === accountId) ?? ACCOUNTS[0]) ?? []).map((secret) =>
      createHmac("sha256", secret).update(accountId).digest(),
    );
  const keys = {
    currentKey: async (_: string, accountId: string) => keysOf(accountId)[0] ?? new Uint8Array(32),
    acceptedKeys: async (_: string, accountId: string) => keysOf(accountId).slice(0, 2),
  };
  const finder = (servedAccounts: readonly string[] = ACCOUNTS) =>
    new CallerFinder({
      directories: new Directories(keys, clock),
      keys,
      clock,
      random: () => 0,
      servedAccounts,
    });
  let process = finder();

  const recordsOf = (accountId: AccountId) => [
    ...(directories.get(accountId) ?? new Map<string, Listed>()).values(),
  ];
  const ringcentral: RingCentral = {
    async call<Output>(
      operation: Operation<Output>,
      input: OperationInput,
      { accountId }: { accountId: string },
    ) {
      const own = ACCOUNTS.find((id) => id === accountId) ?? ACCOUNTS[0];
      const listed = recordsOf(own).map(({ spelling, ...entry }) => ({ ...entry, email: spelling?.text }));
      const etag = contentTag(listed);
      const paging = { page: 1, totalPages: 1, totalElements: listed.length };
      const response =
        input.ifNoneMatch === etag
          ? { status: 304 }
          : { status: 200, etag, body: { records: listed, paging } };
      const parsed = operation.output?.safeParse(response);
      if (!parsed?.success) throw new Error("unreadable");
      return parsed.data;
    },
  };

  return {
    clock,
    records,
    logged: log.text,
    directories,
    copies,
    /** Reads a directory; then no process uses an older head. */
    async sync(accountId: AccountId) {
      const outcome = await syncDirectory(
        { records, ringcentral, keys, clock, nonce: nextName },
        {
          accountId,
          deadline: deadlineIn(60_000, clock, 0),
          requestId: "r",
          log: log.log,
          requestedAt: clock.now(),
        },
      );
      if (outcome.state === "unchanged" || outcome.state === "committed") {
        copies.get(accountId)?.push(recordsOf(accountId).map((one) => ({ ...one })));
      }
      clock.leap(HEAD_CACHE_MS);
      return outcome;
    },
    /** A new process, which knows nothing. */
    restart(servedAccounts?: readonly string[]) {
      process = finder(servedAccounts);
    },
    /** A new secret; the one before the last is gone. */
    rotate: (accountId: AccountId) => secrets.get(accountId)?.unshift(nextName()),
    /** The caller, or the code of the rejection. */
    async signIn(
      claimant: Omit<Claimant, "issuer" | "scopes" | "isClient"> & Partial<Pick<Claimant, "isClient">>,
    ): Promise<Caller | string> {
      const about = { issuer: "https://login.acme.example", scopes: new Set<string>(), isClient: false };
      const personId = pseudonyms.ofPerson(about.issuer, claimant.subject);
      const access = { records, deadline: deadlineIn(10_000, clock, 0), log: log.log, personId };
      return process.identify({ ...about, ...claimant }, access).catch((error: unknown) => {
        if (!(error instanceof ProblemError)) throw error;
        return error.code;
      });
    },
  };
}
