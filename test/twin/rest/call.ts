import type { Account, Extension, User, World } from "../data/world.ts";
import type { ReceivedRequest } from "../edge/received-request.ts";
import type { Webhooks } from "../edge/webhooks.ts";
import type { Settings } from "../options.ts";

/** An authenticated call: its session, its account and the ids of its path. */
export interface Call {
  world: World;
  settings: Settings;
  /** The twin's address without a trailing slash: RingCentral's URIs are absolute. */
  baseUrl: string;
  /** Epoch milliseconds. */
  now: number;
  webhooks: Webhooks;
  request: ReceivedRequest;
  clientId: string;
  user: User;
  account: Account;
  /** Path parameters after the extension: `id`. */
  params: Record<string, string>;
}

/** A call on an extension. */
export interface ExtensionCall extends Call {
  extension: Extension;
}

/** @returns the absolute URI of the call's account */
export function accountUri(call: Call): string {
  return `${call.baseUrl}/restapi/v1.0/account/${call.account.id}`;
}

/** @returns the absolute URI of an extension of the call's account */
export function extensionUri(call: Call, extensionId: string): string {
  return `${accountUri(call)}/extension/${extensionId}`;
}
