import type { Page, PageRequest } from "../contract/paging.ts";
import { BY_SUBJECT, type Person, type PersonUpdate, type UnmatchedSignIn } from "../contract/people.ts";
import { ProblemError } from "../contract/problems.ts";
import { requireMatch } from "../numbers/shared/write-resource.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { StoredRecord } from "../storage/record-store.ts";
import type { UpdateDeps } from "../storage/update-record.ts";
import type { Directories, Directory } from "./directory/directories.ts";
import { isEnabled } from "./directory/entry.ts";
import { type PeopleKeys, PeopleSeal } from "./keys.ts";
import {
  openIdentity,
  type PersonRecord,
  readPerson,
  readShelf,
  removePerson,
  sealIdentity,
  shelves,
  writePerson,
} from "./person-records.ts";
import { readUnmatched } from "./unmatched-sign-ins.ts";

export interface ManagePeopleDeps extends UpdateDeps {
  directories: Directories;
  keys: PeopleKeys;
  /** The id of the person whose tokens have this subject. */
  personIdOf: (subject: string) => string;
}

interface AccountRequest {
  accountId: string;
  call: CallContext;
}
type PersonRequest = AccountRequest & { path: { personId: string }; ifMatch?: string };

/** Records read at the same time. */
const AT_ONCE = 16;
/** Lost races against other administrators and sign-ins. */
const MAX_TRIES = 4;

const sealOf = ({ keys }: ManagePeopleDeps, { accountId, call }: AccountRequest) =>
  new PeopleSeal(keys, accountId, call.deadline);
const directoryOf = ({ directories, records }: ManagePeopleDeps, { accountId, call }: AccountRequest) =>
  directories.latest(accountId, { records, deadline: call.deadline });

/** `GET /v1/people`. Costs a read for each person, and one for each of up to 64 lists. */
export async function listPeople(
  deps: ManagePeopleDeps,
  { page: { limit, position }, ...request }: AccountRequest & { page: PageRequest },
): Promise<Page<Person>> {
  const { records, clock } = deps;
  const { accountId } = request;
  const after = String(position?.after ?? "");
  const directory = await directoryOf(deps, request);
  const asOf = clock.now();
  const ids: string[] = [];
  const ahead = shelves.filter((one) => one >= after.charAt(0));
  for (let start = 0; start < ahead.length && ids.length <= limit; start += AT_ONCE) {
    const read = ahead.slice(start, start + AT_ONCE).map((shelf) => readShelf(records, accountId, shelf));
    ids.push(...(await Promise.all(read)).flat().filter((id) => id > after));
  }
  const shown = ids.slice(0, limit);
  const people: (StoredRecord<PersonRecord> | undefined)[] = [];
  for (let start = 0; start < shown.length; start += AT_ONCE) {
    const read = shown.slice(start, start + AT_ONCE).map((personId) => readPerson(records, personId));
    people.push(...(await Promise.all(read)));
  }
  const items = await Promise.all(
    people.flatMap((person, index) => {
      const personId = shown[index];
      // A list may name a person who is being added or removed.
      if (person === undefined || personId === undefined || person.value.accountId !== accountId) return [];
      return [toPerson(deps, request, directory, personId, person.value)];
    }),
  );
  const last = shown.at(-1);
  return {
    items,
    ...(last !== undefined && ids.length > limit && { next: { after: last } }),
    source: "live",
    asOf,
  };
}

/** `GET /v1/people/unmatched`. Costs one read. */
export async function listUnmatchedSignIns(
  deps: ManagePeopleDeps,
  { page: { limit, position }, ...request }: AccountRequest & { page: PageRequest },
): Promise<Page<UnmatchedSignIn>> {
  const asOf = deps.clock.now();
  const all = await readUnmatched(deps.records, request.accountId, sealOf(deps, request), asOf);
  const start = Number(position?.start ?? 0);
  const items = all.slice(start, start + limit).map((kept) => ({ ...kept, at: iso(kept.at) }));
  const isLast = start + limit >= all.length;
  return {
    items,
    ...(!isLast && { next: { start: start + limit } }),
    total: all.length,
    source: "live",
    asOf,
  };
}

/** @throws ProblemError `not_found` */
export async function getPerson(deps: ManagePeopleDeps, request: PersonRequest): Promise<Person> {
  const { value } = await ownPerson(deps, request);
  return toPerson(deps, request, await directoryOf(deps, request), request.path.personId, value);
}

/** @throws ProblemError `request_invalid`, `account_forbidden`, `precondition_failed`, `directory_unavailable` */
export async function putPerson(
  deps: ManagePeopleDeps,
  request: PersonRequest & { body: PersonUpdate },
): Promise<Person> {
  const { accountId, body, ifMatch, path } = request;
  const { extensionId, subject } = body;
  const ofSubject = subject === undefined ? undefined : deps.personIdOf(subject);
  const personId = path.personId === BY_SUBJECT ? ofSubject : path.personId;
  if (personId === undefined) throw invalid("subject", "missing", "The path names the person by this field.");
  if (ofSubject !== undefined && ofSubject !== personId) {
    throw invalid("subject", "mismatch", "The person's id is not that of this subject.");
  }
  const directory = await directoryOf(deps, request);
  if (!isEnabled({ status: directory.statusOf(extensionId) ?? "" })) {
    throw invalid("extensionId", "not_enabled", "Must be an enabled extension of the company directory.");
  }
  const seal = sealOf(deps, request);
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const before = await readPerson(deps.records, personId);
    if (before !== undefined && before.value.accountId !== accountId)
      throw new ProblemError("account_forbidden");
    const show = (person: PersonRecord) => toPerson(deps, request, directory, personId, person);
    requireMatch(ifMatch, before && (await show(before.value)));
    const known = await openIdentity(seal, personId, before?.value.sealed);
    const identity = { ...known, ...(subject !== undefined && { subject }) };
    const isSame =
      before?.value.extensionId === extensionId &&
      before.value.source === "administrator" &&
      known.subject === identity.subject &&
      directory.emailSince(extensionId) <= before.value.confirmedAt;
    if (isSame) return show(before.value);
    const now = deps.clock.now();
    const sealed = await sealIdentity(seal, personId, identity);
    const person: PersonRecord = {
      accountId,
      extensionId,
      source: "administrator",
      confirmedAt: directory.checkedAt,
      createdAt: before?.value.createdAt ?? now,
      updatedAt: now,
      ...(sealed !== undefined && { sealed }),
    };
    if (await writePerson(deps, personId, before?.version ?? null, person)) return show(person);
  }
  throw new StorageUnavailable("the person is contended");
}

/** @throws ProblemError `not_found`, `precondition_failed` */
export async function deletePerson(deps: ManagePeopleDeps, request: PersonRequest): Promise<undefined> {
  const { path, ifMatch } = request;
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const before = await ownPerson(deps, request);
    if (ifMatch !== undefined) requireMatch(ifMatch, await getPerson(deps, request));
    if (await removePerson(deps, path.personId, before)) return undefined;
  }
  throw new StorageUnavailable("the person is contended");
}

async function ownPerson(
  { records }: ManagePeopleDeps,
  { accountId, path }: PersonRequest,
): Promise<StoredRecord<PersonRecord>> {
  const stored = await readPerson(records, path.personId);
  if (stored?.value.accountId === accountId) return stored;
  throw new ProblemError("not_found", { detail: "The person was not found." });
}

async function toPerson(
  deps: ManagePeopleDeps,
  request: AccountRequest,
  directory: Directory,
  id: string,
  { extensionId, source, createdAt, updatedAt, sealed }: PersonRecord,
): Promise<Person> {
  const identity = await openIdentity(sealOf(deps, request), id, sealed);
  return omitUndefined({
    id,
    extensionId,
    source,
    extensionStatus: directory.statusOf(extensionId),
    ...identity,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  });
}

const invalid = (field: string, code: string, detail: string) =>
  new ProblemError("request_invalid", { errors: [{ in: "body", field, code, detail }] });
const iso = (at: number) => new Date(at).toISOString();
