import type { Caller } from "../people/claimant.ts";
import { type AccountRuntime, connectAccount, connectUser } from "./account-runtime.ts";
import type { SharedByPayers } from "./shared.ts";

/** A process remembers so many users; each holds a token, two records and a few lists. */
const MAX_USERS = 300;

/** Whose call it is. */
export interface PaidRequest {
  accountId: string;
  caller?: Pick<Caller, "extensionId" | "signedInWithRingCentral">;
  /** The extension that the request is for; "" or absent: none. */
  extensionId?: string;
}

const isOwn = ({ caller, extensionId }: PaidRequest) =>
  caller?.signedInWithRingCentral === true && caller.extensionId === extensionId;

/** Who pays for the calls: the service, or a user who signed in with RingCentral, for their own extension. */
export class Payers {
  readonly #shared: SharedByPayers;
  readonly #accounts = new Map<string, AccountRuntime>();
  /** The one used least recently first. */
  readonly #users = new Map<string, AccountRuntime>();

  constructor(shared: SharedByPayers) {
    this.#shared = shared;
  }

  /** The service. */
  account(accountId: string): AccountRuntime {
    const key = this.#keyOf(accountId);
    const known = this.#accounts.get(key) ?? connectAccount(this.#shared, key, accountId);
    this.#accounts.set(key, known);
    return known;
  }

  for(request: PaidRequest): AccountRuntime {
    const { accountId, extensionId } = request;
    return extensionId && isOwn(request) ? this.#user(accountId, extensionId) : this.account(accountId);
  }

  #user(accountId: string, extensionId: string): AccountRuntime {
    const key = JSON.stringify([accountId, extensionId]);
    const user = { accountId, extensionId };
    const account = this.account(accountId);
    const known = this.#users.get(key) ?? connectUser(this.#shared, account, this.#keyOf(accountId), user);
    this.#users.delete(key);
    this.#users.set(key, known);
    const [oldest] = this.#users.keys();
    if (this.#users.size > MAX_USERS && oldest !== undefined) this.#users.delete(oldest);
    return known;
  }

  /** A single-account service has one secret; RingCentral rejects other accounts' ids. */
  #keyOf(accountId: string): string {
    return this.#shared.settings.RINGCENTRAL_SECRET_ID ?? accountId;
  }
}
