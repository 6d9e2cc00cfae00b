import type { Deadline } from "../platform/deadline.ts";
import { openText, sealText } from "../platform/seal.ts";

/** Keys of an account, derived from its RingCentral secret. */
export interface PeopleKeys {
  currentKey(purpose: "people", accountId: string, deadline: Deadline): Promise<Uint8Array>;
  /** Every key that may have been used: the secret rotates, and the keys are derived from it. */
  acceptedKeys(purpose: "people", accountId: string, deadline: Deadline): Promise<Uint8Array[]>;
}

/** Seals personal data of one account. */
export class PeopleSeal {
  readonly #keys: PeopleKeys;
  readonly #accountId: string;
  readonly #deadline: Deadline;

  constructor(keys: PeopleKeys, accountId: string, deadline: Deadline) {
    [this.#keys, this.#accountId, this.#deadline] = [keys, accountId, deadline];
  }

  key(): Promise<Uint8Array> {
    return this.#keys.currentKey("people", this.#accountId, this.#deadline);
  }

  async seal(text: string, place: string): Promise<string> {
    return sealText(text, await this.key(), this.#context(place));
  }

  /** @returns undefined when no valid secret opens it */
  async open(sealed: string, place: string): Promise<string | undefined> {
    const context = this.#context(place);
    const current = openText(sealed, [await this.key()], context);
    if (current !== undefined) return current;
    return openText(
      sealed,
      await this.#keys.acceptedKeys("people", this.#accountId, this.#deadline),
      context,
    );
  }

  #context(place: string): string {
    return `people ${this.#accountId} ${place}`;
  }
}
