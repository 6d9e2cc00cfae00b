import { ProblemError } from "../../contract/problems.ts";
import type { Progress } from "../../contract/write-outcome.ts";
import type { Clock } from "../../platform/clock.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { COME_BACK_SECONDS, type KeyScope, LIFETIME_MS, ownerOf, recordKey } from "./record.ts";

interface Kept {
  fingerprint: string;
  expiresAt: number;
  state: unknown;
  owner: object;
}

/**
 * The progress of a keyed request, in a record beside its key's. Every save is conditional on the version that this
 * process has read or written: a process whose lease has ended while it was frozen cannot save, and so sends nothing.
 * The record must hold no phone number: it is not sealed, so that it can be read with any secret.
 */
export class KeyProgress implements Progress {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #request: KeyScope & { fingerprint: string };
  #version: number | null = null;

  constructor(records: RecordStore, clock: Clock, request: KeyScope & { fingerprint: string }) {
    this.#records = records;
    this.#clock = clock;
    this.#request = request;
  }

  async load(): Promise<unknown> {
    const stored = await this.#records.read<Kept>(this.#key());
    this.#version = stored?.version ?? null;
    const { fingerprint, expiresAt = 0, state } = stored?.value ?? {};
    const isOurs = fingerprint === this.#request.fingerprint && expiresAt > this.#clock.now();
    return isOurs ? state : undefined;
  }

  async save(state: unknown): Promise<void> {
    const expiresAt = this.#clock.now() + LIFETIME_MS;
    const { fingerprint } = this.#request;
    const kept: Kept = { fingerprint, expiresAt, state, ...ownerOf(this.#request) };
    const version = await this.#records.compareAndSet(this.#key(), this.#version, kept, { expiresAt });
    if (version === undefined) {
      throw new ProblemError("idempotency_in_progress", { retryAfterSeconds: COME_BACK_SECONDS });
    }
    this.#version = version;
  }

  #key() {
    return { ...recordKey(this.#request), sort: "progress" };
  }
}
