import { ProblemError } from "../../contract/problems.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type PeopleKeys, PeopleSeal } from "../keys.ts";
import { appearance, isPerson } from "../match-email.ts";
import { type DirectoryHead, readEntries, readHead, readStates } from "./copy.ts";
import type { DirectoryEntry } from "./entry.ts";

/** How old a copy may be that decides who may come in: two readings of the schedule may fail before. */
export const MAX_AGE_MS = 15 * 60_000;
/** How long an instance uses a head before it reads it again. */
export const HEAD_CACHE_MS = 30_000;
/** The next reading is at most this far away. */
const RETRY_SECONDS = 60;

/** One copy of an account's directory, as one head names it. */
export interface Directory {
  checkedAt: number;
  total: number;
  /** RingCentral's status of an extension; undefined when it is not listed. */
  statusOf(extensionId: string): string | undefined;
  /** Epoch milliseconds: since when the extension has its e-mail; 0: as long as it is known here. */
  emailSince(extensionId: string): number;
  /** Everything, in the order of the ids. @throws ProblemError `directory_unavailable` */
  entries(): Promise<readonly DirectoryEntry[]>;
  /** The persons whose e-mails look like this one. */
  lookAlikes(email: string): Promise<readonly DirectoryEntry[]>;
}

interface Cached {
  readAt: number;
  head: DirectoryHead;
  directory: Directory;
}

export interface DirectoryAccess {
  /** The table as the request may wait for it. */
  records: RecordStore;
  deadline: Deadline;
}

/** The copies of the accounts' directories, kept in the process. */
export class Directories {
  readonly #keys: PeopleKeys;
  readonly #clock: Pick<Clock, "now">;
  readonly #cached = new Map<string, Cached>();

  constructor(keys: PeopleKeys, clock: Pick<Clock, "now">) {
    [this.#keys, this.#clock] = [keys, clock];
  }

  /**
   * The account's directory, recent enough to decide who may come in.
   * @throws ProblemError `directory_unavailable` when the copy is missing or too old; StorageUnavailable
   */
  async current(accountId: string, access: DirectoryAccess): Promise<Directory> {
    const directory = await this.latest(accountId, access);
    if (this.#clock.now() - directory.checkedAt <= MAX_AGE_MS) return directory;
    throw unavailable();
  }

  /** The account's directory, whatever its age. @throws ProblemError `directory_unavailable`; StorageUnavailable */
  async latest(accountId: string, access: DirectoryAccess): Promise<Directory> {
    const known = this.#cached.get(accountId);
    const now = this.#clock.now();
    if (known !== undefined && now - known.readAt < HEAD_CACHE_MS) return known.directory;
    const stored = await readHead(access.records, accountId);
    if (stored === undefined) throw unavailable();
    const head = stored.value;
    const directory = await this.#open(accountId, head, access, known);
    this.#cached.set(accountId, { readAt: now, head, directory });
    return directory;
  }

  async #open(
    accountId: string,
    head: DirectoryHead,
    access: DirectoryAccess,
    known?: Cached,
  ): Promise<Directory> {
    const { checkedAt, total } = head;
    // The same content, confirmed once more: what is loaded already stays.
    if (known !== undefined && known.head.states === head.states && sameChunks(known.head, head)) {
      return { ...known.directory, checkedAt };
    }
    const { ids, emailSince, allSince = 0 } = await readStates(head);
    const statuses = new Map(Object.entries(ids).flatMap(([status, list]) => list.map((id) => [id, status])));
    let loading: Promise<readonly DirectoryEntry[]> | undefined;
    let index: Map<string, DirectoryEntry[]> | undefined;
    const entries = () => {
      loading ??= this.#load(accountId, head, access).catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      return loading;
    };
    return {
      checkedAt,
      total,
      statusOf: (id) => statuses.get(id),
      emailSince: (id) => Math.max(emailSince[id] ?? 0, allSince),
      entries,
      async lookAlikes(email) {
        index ??= Map.groupBy(
          (await entries()).filter((entry) => entry.email !== undefined && isPerson(entry)),
          (entry) => appearance(entry.email ?? ""),
        );
        return index.get(appearance(email)) ?? [];
      },
    };
  }

  async #load(accountId: string, head: DirectoryHead, { records, deadline }: DirectoryAccess) {
    const seal = new PeopleSeal(this.#keys, accountId, deadline);
    const entries = await readEntries(records, accountId, seal, head);
    if (entries !== undefined) return entries;
    // Replaced meanwhile, or sealed with a key that is gone: the next call reads the head again.
    this.#cached.delete(accountId);
    throw unavailable();
  }
}

const sameChunks = (one: DirectoryHead, other: DirectoryHead) =>
  one.chunks.map(({ key }) => key).join() === other.chunks.map(({ key }) => key).join();

const unavailable = () => new ProblemError("directory_unavailable", { retryAfterSeconds: RETRY_SECONDS });
