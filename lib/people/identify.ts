import { ProblemError } from "../contract/problems.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { StoredRecord } from "../storage/record-store.ts";
import { type Caller, type Claimant, type Unmatched, unmatchedReasons } from "./claimant.ts";
import type { Directories, Directory, DirectoryAccess } from "./directory/directories.ts";
import { isEnabled } from "./directory/entry.ts";
import { type PeopleKeys, PeopleSeal } from "./keys.ts";
import { type Candidate, type EmailMatch, matchEmail } from "./match-email.ts";
import { type PersonRecord, readPerson, sealIdentity, writePerson } from "./person-records.ts";
import { TimedCache } from "./timed-cache.ts";
import { noteUnmatched } from "./unmatched-sign-ins.ts";

/** How long an instance uses what it knows of a person. */
export const PERSON_CACHE_MS = 60_000;

export interface IdentifyDeps {
  directories: Directories;
  keys: PeopleKeys;
  clock: Clock;
  random: () => number;
  servedAccounts: readonly string[];
}

export interface IdentifyRequest extends DirectoryAccess {
  log: Pick<Logger, "warn">;
  /** The claimant's pseudonym. */
  personId: string;
}

interface Sought extends IdentifyRequest {
  claimant: Claimant;
}

type Person = StoredRecord<PersonRecord>;
type Found =
  | { person: Person; reason?: undefined }
  /** `isRejected`: the caller is let in nowhere. */
  | { person?: undefined; reason: Unmatched; isRejected?: boolean };

/**
 * Finds the extension of a caller: the token's claim, else the person's record, else the one enabled entry of the
 * directory with the token's verified e-mail, which becomes the person's record. Doubt is no extension. A person whose
 * extension is disabled or gone is let in nowhere.
 *
 * A token with the claim costs nothing. A person's record costs one read of the table; the process keeps it, and the
 * directory's head that says whether the extension is enabled, for a short time.
 */
export class CallerFinder {
  readonly #deps: IdentifyDeps;
  readonly #people: TimedCache<Person | undefined>;
  readonly #doubts: TimedCache<Found>;
  readonly #noted: TimedCache<true>;

  constructor(deps: IdentifyDeps) {
    this.#deps = deps;
    this.#people = new TimedCache(deps.clock.now, PERSON_CACHE_MS);
    this.#doubts = new TimedCache(deps.clock.now, PERSON_CACHE_MS);
    this.#noted = new TimedCache(deps.clock.now, PERSON_CACHE_MS);
  }

  /** @throws ProblemError `account_forbidden`, `extension_forbidden`, `directory_unavailable`; StorageUnavailable */
  async identify(claimant: Claimant, request: IdentifyRequest): Promise<Caller> {
    const { scopes, accountId, extensionId, signedInWithRingCentral } = claimant;
    const { personId: id } = request;
    if (extensionId !== undefined && accountId !== undefined) {
      const caller: Caller = { id, scopes, accountId, extensionId, foundBy: "claim" };
      return omitUndefined({ ...caller, signedInWithRingCentral });
    }
    // An extension's id means nothing without its account.
    if (extensionId !== undefined) throw rejection(request, "account_forbidden");
    const found: Found = claimant.isClient
      ? { reason: "client_token" }
      : await this.#find({ ...request, claimant });
    if (found.person !== undefined) {
      const { source, ...person } = found.person.value;
      const foundBy = source === "directory" ? "email" : "administrator";
      return { id, scopes, accountId: person.accountId, extensionId: person.extensionId, foundBy };
    }
    const { reason, isRejected = reason === "extension_disabled" } = found;
    const isForeign = reason === "another_account" || reason === "account_not_served";
    if (isRejected) throw rejection(request, isForeign ? "account_forbidden" : "extension_forbidden", reason);
    if (accountId === undefined) throw rejection(request, "account_forbidden", reason);
    return { id, scopes, accountId, foundBy: "none", unmatched: reason };
  }

  async #find(sought: Sought): Promise<Found> {
    const { claimant, personId, records } = sought;
    const cached = this.#people.get(personId);
    const known = cached === undefined ? await readPerson(records, personId) : cached.value;
    if (cached === undefined) this.#people.set(personId, known);
    const found = known === undefined ? await this.#findByEmail(sought) : await this.#check(sought, known);
    if (found.person !== undefined) return found;
    const key = JSON.stringify([personId, claimant.accountId, found.reason]);
    if (this.#noted.get(key) === undefined) await this.#note(sought, found.reason);
    this.#noted.set(key, true);
    return found;
  }

  /** Whether a person's record is still good: the directory decides on every request. */
  async #check(sought: Sought, person: Person): Promise<Found> {
    const { claimant } = sought;
    const { accountId, extensionId, confirmedAt } = person.value;
    const isRejected = true;
    if (!this.#deps.servedAccounts.includes(accountId)) return { reason: "account_not_served", isRejected };
    if ((claimant.accountId ?? accountId) !== accountId) return { reason: "another_account", isRejected };
    const directory = await this.#deps.directories.current(accountId, sought);
    const status = directory.statusOf(extensionId);
    if (status === undefined) return { reason: "extension_gone", isRejected };
    if (!isEnabled({ status })) return { reason: "extension_disabled", isRejected };
    if (directory.emailSince(extensionId) <= confirmedAt) return { person };
    // Another person may have the extension now: the token's e-mail decides.
    const match = await matchIn(sought, [{ accountId, directory }]);
    if (match.found?.entry.id !== extensionId) return { reason: "extension_reassigned", isRejected };
    return this.#save(sought, person, { ...person.value, confirmedAt: directory.checkedAt });
  }

  /** The one person of all served accounts, or of the account that the token names. */
  async #findByEmail(sought: Sought): Promise<Found> {
    const { claimant, personId } = sought;
    const { email, subject } = claimant;
    if (email === undefined) return { reason: "no_email" };
    const question = JSON.stringify([personId, claimant.accountId, email]);
    const doubt = this.#doubts.get(question);
    if (doubt !== undefined) return doubt.value;
    const accounts = claimant.accountId === undefined ? this.#deps.servedAccounts : [claimant.accountId];
    const directories = await Promise.all(
      accounts.map(async (accountId) => ({
        accountId,
        directory: await this.#deps.directories.current(accountId, sought),
      })),
    );
    const match = await matchIn(sought, directories);
    if (match.found === undefined) {
      const found: Found = { reason: match.doubt };
      this.#doubts.set(question, found);
      return found;
    }
    const { accountId, entry } = match.found;
    const seal = new PeopleSeal(this.#deps.keys, accountId, sought.deadline);
    const sealed = await sealIdentity(seal, personId, { subject, email: email.address });
    return this.#save(sought, undefined, {
      accountId,
      extensionId: entry.id,
      source: "directory",
      confirmedAt: Math.min(...directories.map(({ directory }) => directory.checkedAt)),
      createdAt: this.#deps.clock.now(),
      ...(sealed !== undefined && { sealed }),
    });
  }

  /** Another process may be first, or an administrator: then their record is checked. */
  async #save(
    sought: Sought,
    before: Person | undefined,
    changed: Omit<PersonRecord, "updatedAt">,
  ): Promise<Found> {
    const { personId, records } = sought;
    const value = { ...changed, updatedAt: this.#deps.clock.now() };
    const isSaved = await writePerson({ ...this.#deps, records }, personId, before?.version ?? null, value);
    const person = isSaved
      ? { value, version: (before?.version ?? 0) + 1 }
      : await readPerson(records, personId);
    this.#people.set(personId, person);
    if (person === undefined) return { reason: "no_entry" };
    return isSaved ? { person } : this.#check(sought, person);
  }

  /** Says why in the log, with nothing personal, and to the account's administrators. */
  async #note({ claimant, personId, log, records, deadline }: Sought, reason: Unmatched): Promise<void> {
    const { subject, email } = claimant;
    const masked = email && { email: `*${email.address.slice(-2)} (${email.address.length} characters)` };
    log.warn("sign-in without an extension", { person: personId, reason, ...masked });
    const [only, ...others] = this.#deps.servedAccounts;
    const accountId = claimant.accountId ?? (others.length === 0 ? only : undefined);
    if (accountId === undefined) return;
    const seal = new PeopleSeal(this.#deps.keys, accountId, deadline);
    const identity = email === undefined ? { subject } : { subject, email: email.address };
    const noted = noteUnmatched({ ...this.#deps, records }, accountId, seal, {
      personId,
      reason,
      ...identity,
    });
    await noted.catch((error: unknown) => {
      if (!(error instanceof StorageUnavailable)) throw error;
      log.warn("sign-in not noted", { person: personId, error });
    });
  }
}

function rejection(
  { log }: IdentifyRequest,
  code: "account_forbidden" | "extension_forbidden",
  reason?: Unmatched,
): ProblemError {
  const claim = code === "account_forbidden" ? "account" : "extension";
  const fault = { claim, expected: "one that is the caller's", found: reason ?? "nothing", code };
  log.warn("token rejected", { code, faults: [fault] });
  return new ProblemError(code, reason === undefined ? {} : { detail: unmatchedReasons[reason] });
}

async function matchIn(
  { claimant: { email } }: Sought,
  directories: readonly { accountId: string; directory: Directory }[],
): Promise<EmailMatch> {
  if (email === undefined) return { doubt: "no_entry" };
  const candidates = await Promise.all(
    directories.map(async ({ accountId, directory }): Promise<Candidate[]> => {
      const entries = await directory.lookAlikes(email.address);
      return entries.map((entry) => ({ accountId, entry }));
    }),
  );
  return matchEmail({ email: email.address, verified: email.verified }, candidates.flat());
}
