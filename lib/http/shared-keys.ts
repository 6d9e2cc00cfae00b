import * as z from "zod/mini";
import type { Clock } from "../platform/clock.ts";
import { openText, sealText } from "../platform/seal.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { RecordKey, RecordStore } from "../storage/record-store.ts";
import { type SharedKeys, signingKey } from "./issuer-keys.ts";

/** A process that waits longer for the table asks the issuer. */
const TIMEOUT_MS = 300;
/** While the issuer is down, its keys are used for an hour. */
const KEPT_MS = 60 * 60 * 1000;

const Keys = z.object({ readAt: z.number(), keys: z.array(z.unknown()) });
interface SealedRecord {
  sealed: string;
}

/**
 * The issuers' keys in the table, so that a new process need not ask an issuer. They are sealed with a key from a secret:
 * who can write the table, and no more, cannot make a key that is believed.
 */
export function createSharedKeys(
  records: Pick<RecordStore, "read" | "compareAndSet">,
  sealingKey: () => Promise<Uint8Array>,
  clock: Clock,
): SharedKeys {
  const timeUp = () => new StorageUnavailable("the issuer's keys took too long");
  return {
    async read(issuer) {
      try {
        const reading = Promise.all([records.read<SealedRecord>(keyOf(issuer)), sealingKey()]);
        const [stored, key] = await withTimeout(reading, { clock, timeoutMs: TIMEOUT_MS, timeUp });
        const text = stored && openText(stored.value.sealed, [key], issuer);
        if (text === undefined) return undefined;
        const { readAt, keys } = Keys.parse(JSON.parse(text));
        // Another process's clock may be ahead.
        return { readAt: Math.min(readAt, clock.now()), keys: keys.flatMap(signingKey) };
      } catch {
        return undefined;
      }
    },

    async write(issuer, { readAt, keys }) {
      try {
        const entries = keys.map(({ kid, alg, key }) => ({ ...key.export({ format: "jwk" }), kid, alg }));
        const sealed = sealText(JSON.stringify({ readAt, keys: entries }), await sealingKey(), issuer);
        const stored = await records.read(keyOf(issuer));
        // After a lost race, the table has what another process has just read.
        const expiresAt = readAt + KEPT_MS;
        await records.compareAndSet(keyOf(issuer), stored?.version ?? null, { sealed }, { expiresAt });
      } catch {
        // The next process asks the issuer.
      }
    },
  };
}

function keyOf(issuer: string): RecordKey {
  return { partition: `issuer#${issuer}`, sort: "keys" };
}
