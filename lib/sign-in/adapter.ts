import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import { deriveKey, openText, sealText } from "../platform/seal.ts";
import type { RecordKey } from "../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import type { UserGrants } from "./grants.ts";
import { personOf } from "./person.ts";

/** Longer ones are none of ours. */
const MAX_ID_LENGTH = 200;

/** How long an app may repeat a renewal whose response was lost. */
export const REUSE_GRACE_MS = 60_000;

interface Stored {
  /** The model's members, under a key that only the id gives. */
  sealed: string;
  /** Of a grant. */
  lastUse?: LastUse;
}

/** The newest that has been used of a grant's code and refresh tokens. */
interface LastUse {
  /** 0: the code; then one more for each renewal. */
  step: number;
  /** The name of its record. */
  name: string;
  /** Its first use, in epoch milliseconds. */
  at: number;
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
    const options = { expiresAt: clock.now() + expiresInSeconds * 1000 };
    const value: Stored = { sealed: this.#seal(id, payload) };
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

  /**
   * A grant's code and refresh tokens are a chain: each is used once, and gives the next one. Any other use ends the grant,
   * because one of them may have been stolen. One repetition is allowed: an app whose renewal got no response has only the
   * old token. Within the grace that one gives one more successor, and the first use of a successor makes all others worthless.
   */
  async consume(id: string): Promise<void> {
    const { records, clock } = this.#deps;
    const stored = await records.read<Stored>(this.#key(id));
    const { grantId, rotations = 0 } = (stored && this.#open(id, stored.value)) ?? {};
    if (grantId === undefined) throw new errors.InvalidGrant("it is unknown");
    const isRefresh = this.#model === "RefreshToken";
    const use = { step: isRefresh ? rotations + 1 : 0, name: nameOf(this.#model, id), at: clock.now() };
    const grants = new RecordAdapter(this.#deps, "Grant");
    const last = await grants.#use(grantId, use);
    if (last === use || (isRefresh && last?.name === use.name && use.at < last.at + REUSE_GRACE_MS)) return;
    await grants.destroy(grantId);
    throw new errors.InvalidGrant("it has been used already");
  }

  /** @returns the grant's last use: this one, if it is newer than the one before */
  async #use(grantId: string, use: LastUse): Promise<LastUse | undefined> {
    let last: LastUse | undefined;
    await updateRecord<Stored>(this.#deps, this.#key(grantId), (value) => {
      last = value?.lastUse;
      if (value === undefined || (last !== undefined && last.step >= use.step)) return undefined;
      last = use;
      return { value: { ...value, lastUse: use }, expiresAt: (this.#open(grantId, value)?.exp ?? 0) * 1000 };
    });
    return last;
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

  #seal(id: string, payload: AdapterPayload): string {
    return sealText(JSON.stringify(payload), deriveKey(id, `sign-in ${this.#model}`), this.#model);
  }

  #open(id: string, { sealed }: Stored): AdapterPayload | undefined {
    const text = openText(sealed, [deriveKey(id, `sign-in ${this.#model}`)], this.#model);
    return text === undefined ? undefined : JSON.parse(text);
  }
}

/** The name of a model's record. It does not reveal the id. */
const nameOf = (model: string, id: string) =>
  Buffer.from(deriveKey(id, `sign-in ${model} name`)).toString("base64url");
