import type { CallHandling, RuleObject } from "./call-handling.ts";

/** A phone number of an account, as RingCentral keeps it. */
export interface CompanyNumber {
  id: number;
  phoneNumber: string;
  usageType: string;
  paymentType: string;
  status: string;
  /** Nullable upstream [spec]. */
  type: string | null;
  primary: boolean;
  extensionId?: string;
  label?: string;
  location?: string;
  temporaryNumber?: { id: string; phoneNumber: string };
  contactCenterProvider?: { id: string; name: string };
  activationStatus?: string;
  callerIdName?: string;
}

/** One row of an extension's blocked and allowed list. Both endpoints show it, under different ids [unsure]. */
export interface CallerBlockingEntry {
  id: string;
  legacyId: string;
  phoneNumber: string;
  label?: string;
  status: "Blocked" | "Allowed";
}

interface CallerBlockingSettings {
  mode: string;
  noCallerId: string;
  payPhones: string;
  greetings: unknown[];
}

export interface ForwardingEntry {
  id: string;
  type: string;
  features: string[];
  phoneNumber?: string;
  label?: string;
  flipNumber?: string;
  device?: { id: string };
  extension?: { id: string; name: string; extensionNumber: string };
}

export interface Extension {
  id: string;
  accountId: string;
  extensionNumber: string;
  name: string;
  status: "Enabled" | "Disabled" | "Frozen" | "NotActivated" | "Unassigned";
  /** As the directory shows it. Absent: none. */
  email?: string;
  department?: string;
  /** Hidden from the company directory by an administrator. */
  hidden?: boolean;
  /** `FaxUser` has no call handling, `Department` no forwarding numbers. */
  type: "User" | "FaxUser" | "Department";
  internationalCalling: boolean;
  /** Device id to its name. */
  devices: Record<string, string>;
  callerBlocking: CallerBlockingEntry[];
  callerBlockingSettings: CallerBlockingSettings;
  /** The list of v1. After the move it is what v1 still shows, without effect on calls. */
  forwarding: ForwardingEntry[];
  /** When the extension moves to the new call handling, in place of its account's instant. */
  movesAt?: number;
  /** Its data in the new call handling; absent until the first call after the move. */
  callHandling?: CallHandling;
  /** A member of a call queue: it has the state `agent`. */
  isInQueue?: boolean;
  /** The work hours, as a schedule of v2. Absent: 24/7, and then no after-hours. */
  workSchedule?: RuleObject;
  /** Names of rules for single callers. */
  customRules?: string[];
}

export interface Account {
  id: string;
  companyName: string;
  /** Ids of the accounts whose people the directory shows too. */
  federatedWith: string[];
  status: "Confirmed" | "Suspended";
  /** Epoch milliseconds of the move to the new call handling; absent: not foreseen. */
  movesAt?: number;
  extensions: Map<string, Extension>;
  /** In the order of the list call. */
  numbers: CompanyNumber[];
}

/** A registered application. Without a secret it is a public client. */
export interface App {
  clientId: string;
  clientSecret?: string;
  permissions: string[];
  grants: string[];
  /** Where an authorization code may be sent, compared as text. */
  redirectUris: string[];
  sandboxOnly?: boolean;
  /** The code of its 429 on every API call, for an app without rate limits. */
  planProblem?: "CMN-302" | "CMN-303";
}

/** A user who can log in, on the log-in page or with a JWT credential created in the developer console. */
export interface User {
  /** Absent: none was created. */
  jwt?: string;
  accountId: string;
  /** Absent: a login that is not bound to an extension. */
  extensionId?: string;
  admin: boolean;
  permissions: string[];
  lockedOut?: boolean;
  /** Epoch milliseconds; JWT credentials do not expire by default [docs: JWT]. */
  jwtExpiresAt?: number;
  /** The only apps that the credential may be used with [docs: JWT]. Absent: all. */
  jwtApps?: string[];
}

/** A subscription to notifications. */
export interface Subscription {
  id: string;
  clientId: string;
  accountId: string;
  /** The extension of the user who created it. */
  ownerId: string;
  /** Without `~`. */
  eventFilters: string[];
  address: string;
  verificationToken?: string;
  status: "Active" | "Blacklisted";
  /** Consecutive deliveries that were not accepted. */
  failures: number;
  /** As last asked for. */
  lifetimeMs: number;
  /** Epoch milliseconds. */
  createdAt: number;
  expiresAt: number;
}

/** All data of the twin; tests may change it. */
export interface World {
  accounts: Map<string, Account>;
  apps: Map<string, App>;
  users: User[];
  subscriptions: Subscription[];
  /** Makes ids of new rows. */
  nextId(): number;
}

/** @throws Error when no account has such an extension */
export function findExtension(world: World, extensionId: string): Extension {
  for (const account of world.accounts.values()) {
    const extension = account.extensions.get(extensionId);
    if (extension !== undefined) return extension;
  }
  throw new Error(`no such extension: ${extensionId}`);
}

/** @throws Error when there is no such account */
export function findAccount(world: World, accountId: string): Account {
  const account = world.accounts.get(accountId);
  if (account === undefined) throw new Error(`no such account: ${accountId}`);
  return account;
}
