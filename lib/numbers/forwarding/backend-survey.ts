import { createHash } from "node:crypto";
import type { CallHandling } from "../../contract/paging.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";

type Known = CallHandling | "unknown";

/** The backends of a part of an account's extensions, as this service has met them. Written when something changes. */
interface SurveyRecord {
  extensions: Record<string, Known>;
  /** Epoch milliseconds. */
  checkedAt: number;
}

/** A write costs as much as the whole record: an account of 30,000 extensions has 16 of 60 KB. */
const PARTS = 16;
/** In one part: an extension takes about 30 bytes. The others are not counted. */
const MAX_EXTENSIONS = 2_000;
/** The least time between two writes that change `checkedAt` alone. */
const CHECKED_INTERVAL_MS = 10 * 60 * 1000;

const surveyKey = (accountId: string, part: number) => ({
  partition: `forwarding#${accountId}`,
  sort: `survey#${part}`,
});
const partOf = (extensionId: string) => createHash("sha256").update(extensionId).digest().readUInt8() % PARTS;

/** Notes what RingCentral has just said about an extension. Without the table it is noted the next time. */
export async function noteBackend(
  deps: UpdateDeps,
  { accountId, extensionId, known }: { accountId: string; extensionId: string; known: Known },
): Promise<void> {
  const now = deps.clock.now();
  try {
    await updateRecord<SurveyRecord>(
      deps,
      surveyKey(accountId, partOf(extensionId)),
      (record = { extensions: {}, checkedAt: 0 }) => {
        const { extensions, checkedAt } = record;
        const isFull = !(extensionId in extensions) && Object.keys(extensions).length >= MAX_EXTENSIONS;
        const isNews = !isFull && extensions[extensionId] !== known;
        if (!isNews && now - checkedAt < CHECKED_INTERVAL_MS) return undefined;
        return {
          value: {
            extensions: isFull ? extensions : { ...extensions, [extensionId]: known },
            checkedAt: now,
          },
        };
      },
    );
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
  }
}

/** How many extensions are on each backend; undefined when none has been met, or the table is away. */
export async function readSurvey(records: RecordStore, accountId: string) {
  try {
    const parts = Array.from({ length: PARTS }, (_, part) => part);
    const stored = await Promise.all(
      parts.map((part) => records.read<SurveyRecord>(surveyKey(accountId, part))),
    );
    const met = stored.flatMap((record) => (record === undefined ? [] : [record.value]));
    if (met.length === 0) return undefined;
    const all = met.flatMap(({ extensions }) => Object.values(extensions));
    const count = (wanted: Known) => all.filter((known) => known === wanted).length;
    return {
      legacy: count("legacy"),
      new: count("new"),
      unknown: count("unknown"),
      checkedAt: Math.max(...met.map(({ checkedAt }) => checkedAt)),
    };
  } catch (error) {
    if (error instanceof StorageUnavailable) return undefined;
    throw error;
  }
}
