import type { Clock } from "./clock.ts";
import type { DirectoryEditor } from "./data/directory-editor.ts";
import type { NumberEditor } from "./data/number-editor.ts";
import type { Extension, World } from "./data/world.ts";
import type { CallHandlingControl } from "./edge/call-handling-control.ts";
import type { Faults } from "./edge/faults.ts";
import type { LoggedRequest } from "./edge/request-log.ts";
import type { When } from "./edge/schedule.ts";
import type { Delivery } from "./edge/webhooks.ts";
import type { Session, SessionFilter } from "./oauth/sessions.ts";
import type { Settings, TwinOptions } from "./options.ts";

/** New permission lists; absent ones stay. */
export interface PermissionPatch {
  /** The app whose permissions to set (the main app). */
  clientId?: string;
  app?: readonly string[];
  /** The user whose permissions to set (the administrator). */
  jwt?: string;
  /** The same user by extension id. */
  extensionId?: string;
  user?: readonly string[];
}

/** A running simulator of RingCentral, with the controls for tests. */
export interface Twin {
  /** Without a trailing slash. */
  readonly url: string;
  readonly clock: Clock;
  /** Every request to the API, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  clearRequests(): void;
  readonly faults: Faults;
  readonly settings: Readonly<Settings>;
  /**
   * Changes settings, now or just before a later call.
   * @throws OptionError for an unknown setting or an invalid value
   */
  configure(patch: Partial<Omit<Settings, "limits">> & Pick<TwinOptions, "limits">, when?: When): void;
  /** Accounts, apps and users, to read and to change. */
  readonly state: World;
  /** @throws Error when no account has such an extension */
  extension(extensionId: string): Extension;
  /** The phone numbers of the main account. Subscribers are notified of edits to an extension's numbers. */
  readonly numbers: NumberEditor;
  /** The people of the main account, as its administrators edit them. */
  readonly directory: DirectoryEditor;
  /** The two call-handling backends: moves, and edits by other apps. */
  readonly callHandling: CallHandlingControl;
  /** Every notification sent, without validation requests. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when every notification has a response or has timed out. */
  deliveriesSettled(): Promise<void>;
  readonly sessions: readonly Session[];
  /** The old secret stops working at once; sessions continue. */
  rotateClientSecret(secret: string, clientId?: string): void;
  /** Replaces a user's JWT credential, as deleting and creating it in the console does. */
  rotateJwt(jwt: string, old?: string): void;
  setPermissions(patch: PermissionPatch): void;
  /** Every access token has expired: OAU-128. */
  expireTokens(): void;
  /** Every refresh token has expired: OAU-210. */
  expireRefreshTokens(): void;
  /** Sessions have ended, as a user or an administrator ends them: OAU-213. All of them without a filter. */
  endSessions(filter?: SessionFilter): void;
  /** Ends the sessions that the person opened on the log-in page; those of a JWT credential go on [docs: TOK]. */
  changePassword(extensionId: string): void;
  /** Sets the redirect URIs of an app; without a client id, of every app that signs people in. */
  registerRedirectUris(uris: readonly string[], clientId?: string): void;
  /**
   * Follows an authorize URL as the browser of a person does.
   * @param as an extension id or an e-mail
   * @returns the address that the app is called back at
   * @throws Error when the browser stays at RingCentral
   */
  signIn(authorizeUrl: string, as: string): Promise<string>;
  /** Clears the rate limiters, penalties included. */
  clearLimits(): void;
  /** Restores the initial state: data, settings, sessions, limits, faults and the log. */
  reset(): void;
  /** Breaks every connection at once. */
  close(): Promise<void>;
}
