import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import { deriveKey, openText, sealText } from "../platform/seal.ts";
import type { RecordKey } from "../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import type { UserGrants } from "./grants.ts";
import { personOf } from "./person.ts";

/** Longer ones are none of ours. */
const MAX_ID_LENGTH = 200;

interface Stored {
  /** The model's members, under a key that only the id gives. */
  sealed: string;
  /** Epoch seconds: a code or refresh token that has been used. */
  consumed?: number;
}

export interface AdapterDeps extends UpdateDeps {
  grants: UserGrants;
}

/**
 * Keeps oidc-provider's models in the table. A code, a refresh token and an interaction's cookie are ids; the table has
 * neither: the record is named by a key that is derived from the id, and its content opens with another one only. Whoever
 * reads the whole table can use nothing of it.
 *
 * There are no browser sessions: RingCentral decides at each sign-in who is there. Access tokens are JWTs and are not
 * stored. A grant that is destroyed ends its codes and refresh tokens, since each use of them reads it.
 */
export class RecordAdapter implements Adapter {
  readonly #deps: AdapterDeps;
  readonly #model: string;

  constructor(deps: AdapterDeps, model: string) {
    [this.#deps, this.#model] = [deps, model];
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds: number): Promise<void> {
    if (this.#isTransient) return;
    const { records, clock } = this.#deps;
    const { consumed: _, ...members } = payload;
    const options = { expiresAt: clock.now() + expiresInSeconds * 1000 };
    const value: Stored = { sealed: this.#seal(id, members) };
    const isNew = await records.compareAndSet(this.#key(id), null, value, options);
    if (isNew === undefined) await updateRecord(this.#deps, this.#key(id), () => ({ value, ...options }));
    const { accountId, grantId } = payload;
    const person = this.#model === "RefreshToken" ? personOf(accountId) : undefined;
    if (person === undefined || grantId === undefined) return;
    await this.#deps.grants.extend(person, nameOf("Grant", grantId), options.expiresAt);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (this.#isTransient || id === "" || id.length > MAX_ID_LENGTH) return undefined;
    const stored = await this.#deps.records.read<Stored>(this.#key(id));
    return stored && this.#open(id, stored.value);
  }

  /** Only one of several requests at the same time uses it; the others are a reuse, which ends the grant. */
  async consume(id: string): Promise<void> {
    const { clock } = this.#deps;
    const now = Math.floor(clock.now() / 1000);
    let isFirst = false;
    const stored = await updateRecord<Stored>(this.#deps, this.#key(id), (value) => {
      isFirst = value !== undefined && value.consumed === undefined;
      const { exp = now } = (value && this.#open(id, value)) ?? {};
      return value && isFirst ? { value: { ...value, consumed: now }, expiresAt: exp * 1000 } : undefined;
    });
    if (isFirst) return;
    const { grantId } = (stored && this.#open(id, stored.value)) ?? {};
    if (grantId !== undefined) await new RecordAdapter(this.#deps, "Grant").destroy(grantId);
    throw new errors.InvalidGrant("it has been used at the same time");
  }

  async destroy(id: string): Promise<void> {
    if (this.#isTransient) return;
    const { records } = this.#deps;
    for (;;) {
      const stored = await records.read<Stored>(this.#key(id));
      if (stored === undefined) return;
      const person = this.#model === "Grant" ? personOf(this.#open(id, stored.value)?.accountId) : undefined;
      if (!(await records.remove(this.#key(id), stored.version))) continue;
      if (person !== undefined) await this.#deps.grants.remove(person, nameOf(this.#model, id));
      return;
    }
  }

  // The grant's own record is what counts.
  async revokeByGrantId(): Promise<void> {}
  // Sessions and device codes are not kept.
  async findByUid(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}

  get #isTransient(): boolean {
    return this.#model === "Session";
  }

  #key(id: string): RecordKey {
    return { partition: `sign-in#${nameOf(this.#model, id)}`, sort: this.#model };
  }

  #seal(id: string, members: AdapterPayload): string {
    return sealText(JSON.stringify(members), deriveKey(id, `sign-in ${this.#model}`), this.#model);
  }

  #open(id: string, { sealed, consumed }: Stored): AdapterPayload | undefined {
    const text = openText(sealed, [deriveKey(id, `sign-in ${this.#model}`)], this.#model);
    if (text === undefined) return undefined;
    const members: AdapterPayload = JSON.parse(text);
    return consumed === undefined ? members : { ...members, consumed };
  }
}

/** The name of a model's record. It does not reveal the id. */
const nameOf = (model: string, id: string) =>
  Buffer.from(deriveKey(id, `sign-in ${model} name`)).toString("base64url");
