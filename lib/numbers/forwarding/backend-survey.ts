import type { CallHandling } from "../../contract/paging.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";

type Known = CallHandling | "unknown";

/** The backends of an account's extensions, as this service has met them. One record, written when something changes. */
interface SurveyRecord {
  extensions: Record<string, Known>;
  /** Epoch milliseconds. */
  checkedAt: number;
}

/** A table item holds 400 KB, and an extension takes about 30 bytes. */
const MAX_EXTENSIONS = 5_000;
/** The least time between two writes that change `checkedAt` alone. */
const CHECKED_INTERVAL_MS = 10 * 60 * 1000;

const surveyKey = (accountId: string) => ({ partition: `forwarding#${accountId}`, sort: "survey" });

/** Notes what RingCentral has just said about an extension. Without the table it is noted the next time. */
export async function noteBackend(
  deps: UpdateDeps,
  { accountId, extensionId, known }: { accountId: string; extensionId: string; known: Known },
): Promise<void> {
  const now = deps.clock.now();
  try {
    await updateRecord<SurveyRecord>(
      deps,
      surveyKey(accountId),
      (record = { extensions: {}, checkedAt: 0 }) => {
        const { extensions, checkedAt } = record;
        const isKnown = extensions[extensionId] === known;
        if (isKnown && now - checkedAt < CHECKED_INTERVAL_MS) return undefined;
        const isFull = !(extensionId in extensions) && Object.keys(extensions).length >= MAX_EXTENSIONS;
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
    const record = (await records.read<SurveyRecord>(surveyKey(accountId)))?.value;
    if (record === undefined) return undefined;
    const count = (wanted: Known) =>
      Object.values(record.extensions).filter((known) => known === wanted).length;
    return {
      legacy: count("legacy"),
      new: count("new"),
      unknown: count("unknown"),
      checkedAt: record.checkedAt,
    };
  } catch (error) {
    if (error instanceof StorageUnavailable) return undefined;
    throw error;
  }
}
