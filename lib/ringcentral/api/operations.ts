import type { Operation } from "./operation.ts";
import * as wire from "./wire.ts";

// Every RingCentral call of Ringfront, with its documented usage plan group [spec: OAS] [old reference].
// Plain constants: a bundle contains only those it names. Every list also takes `page` and `perPage`.

/** For lists that users change themselves, also in RingCentral's apps: enough for one screen and its reloads. */
export const OWN_LISTS_FRESH_MS = 15_000;
/** For lists that administrators change rarely; a page may cost a Heavy call. */
const COMPANY_LISTS_FRESH_MS = 60_000;

const EXTENSION = "/account/{accountId}/extension/{extensionId}";
const BLOCKED_NUMBERS = `${EXTENSION}/blocked-number` as const;
const BLOCKED_NUMBER = `${BLOCKED_NUMBERS}/{blockedNumberId}` as const;
const CALLER_BLOCKING = `${EXTENSION}/caller-blocking` as const;
const CALLER_BLOCKING_NUMBERS = `${CALLER_BLOCKING}/phone-numbers` as const;
const CALLER_BLOCKING_NUMBER = `${CALLER_BLOCKING_NUMBERS}/{blockedNumberId}` as const;
const FORWARDING_NUMBERS = `${EXTENSION}/forwarding-number` as const;
const FORWARDING_NUMBER = `${FORWARDING_NUMBERS}/{forwardingNumberId}` as const;

export const listBlockedNumbers: Operation<wire.WireList<wire.WireBlockedNumber>> = {
  name: "listBlockedNumbers",
  method: "GET",
  path: BLOCKED_NUMBERS,
  group: "light",
  scope: "callerBlocking",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wire.wireBlockedNumbers,
};

/** Body: `phoneNumber`, `name`. */
export const addBlockedNumber: Operation<wire.WireBlockedNumber> = {
  name: "addBlockedNumber",
  method: "POST",
  path: BLOCKED_NUMBERS,
  group: "medium",
  scope: "callerBlocking",
  output: wire.wireBlockedNumber,
};

export const getBlockedNumber: Operation<wire.WireBlockedNumber> = {
  name: "getBlockedNumber",
  method: "GET",
  path: BLOCKED_NUMBER,
  group: "light",
  scope: "callerBlocking",
  output: wire.wireBlockedNumber,
};

export const deleteBlockedNumber: Operation<undefined> = {
  name: "deleteBlockedNumber",
  method: "DELETE",
  path: BLOCKED_NUMBER,
  group: "medium",
  scope: "callerBlocking",
};

/** Query: `page`, `perPage`, `status` (`Blocked` or `Allowed`; the meaning of its absence is [unsure]). */
export const listCallerBlockingNumbers: Operation<wire.WireList<wire.WireCallerBlockingNumber>> = {
  name: "listCallerBlockingNumbers",
  method: "GET",
  path: CALLER_BLOCKING_NUMBERS,
  group: "light",
  scope: "callerBlocking",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wire.wireCallerBlockingNumbers,
};

/** Body: `phoneNumber`, `label`, `status`. */
export const addCallerBlockingNumber: Operation<wire.WireCallerBlockingNumber> = {
  name: "addCallerBlockingNumber",
  method: "POST",
  path: CALLER_BLOCKING_NUMBERS,
  group: "medium",
  scope: "callerBlocking",
  output: wire.wireCallerBlockingNumber,
};

export const getCallerBlockingNumber: Operation<wire.WireCallerBlockingNumber> = {
  name: "getCallerBlockingNumber",
  method: "GET",
  path: CALLER_BLOCKING_NUMBER,
  group: "light",
  scope: "callerBlocking",
  output: wire.wireCallerBlockingNumber,
};

/** Body as for `addCallerBlockingNumber`. */
export const updateCallerBlockingNumber: Operation<wire.WireCallerBlockingNumber> = {
  name: "updateCallerBlockingNumber",
  method: "PUT",
  path: CALLER_BLOCKING_NUMBER,
  group: "medium",
  scope: "callerBlocking",
  output: wire.wireCallerBlockingNumber,
};

export const deleteCallerBlockingNumber: Operation<undefined> = {
  name: "deleteCallerBlockingNumber",
  method: "DELETE",
  path: CALLER_BLOCKING_NUMBER,
  group: "medium",
  scope: "callerBlocking",
};

/**
 * Removes 2 to 30 entries: its description supports bulk requests [spec: OAS]. Without a result all are gone; otherwise
 * each part has its own. Counted as one call [unsure].
 */
export const deleteCallerBlockingNumbers: Operation<wire.WireBulkItem[] | undefined> = {
  name: "deleteCallerBlockingNumbers",
  method: "DELETE",
  path: CALLER_BLOCKING_NUMBER,
  group: "medium",
  scope: "callerBlocking",
  bulkId: "blockedNumberId",
  output: wire.wireBulkItems,
};

export const getCallerBlocking: Operation<wire.WireCallerBlocking> = {
  name: "getCallerBlocking",
  method: "GET",
  path: CALLER_BLOCKING,
  group: "light",
  scope: "callerBlocking",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wire.wireCallerBlocking,
};

/** Body: `mode`, `noCallerId`, `payPhones`, `greetings`. Light, though it writes [spec: OAS]. */
export const updateCallerBlocking: Operation<wire.WireCallerBlocking> = {
  name: "updateCallerBlocking",
  method: "PUT",
  path: CALLER_BLOCKING,
  group: "light",
  scope: "callerBlocking",
  output: wire.wireCallerBlocking,
};

export const listForwardingNumbers: Operation<wire.WireList<wire.WireForwardingNumber>> = {
  name: "listForwardingNumbers",
  method: "GET",
  path: FORWARDING_NUMBERS,
  group: "light",
  scope: "forwarding",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wire.wireForwardingNumbers,
};

export const getForwardingNumber: Operation<wire.WireForwardingNumber> = {
  name: "getForwardingNumber",
  method: "GET",
  path: FORWARDING_NUMBER,
  group: "light",
  scope: "forwarding",
  output: wire.wireForwardingNumber,
};

/** Body: `phoneNumber` or `device.id`, `type`, `label`, `flipNumber` (a number here). */
export const addForwardingNumber: Operation<wire.WireForwardingNumber> = {
  name: "addForwardingNumber",
  method: "POST",
  path: FORWARDING_NUMBERS,
  group: "medium",
  scope: "forwarding",
  output: wire.wireForwardingNumber,
};

/** Body: `phoneNumber`, `label`, `flipNumber` (text here), `type`. */
export const updateForwardingNumber: Operation<wire.WireForwardingNumber> = {
  name: "updateForwardingNumber",
  method: "PUT",
  path: FORWARDING_NUMBER,
  group: "medium",
  scope: "forwarding",
  output: wire.wireForwardingNumber,
};

export const deleteForwardingNumber: Operation<undefined> = {
  name: "deleteForwardingNumber",
  method: "DELETE",
  path: FORWARDING_NUMBER,
  group: "medium",
  scope: "forwarding",
};

/** Query: `page`, `perPage`, `usageType`, `paymentType` and `status` (each repeatable), `extensionStatus`. */
export const listCompanyNumbers: Operation<wire.WireList<wire.WireCompanyNumber>> = {
  name: "listCompanyNumbers",
  method: "GET",
  path: "/account/{accountId}/phone-number",
  group: "heavy",
  scope: "companyNumbers",
  freshMs: COMPANY_LISTS_FRESH_MS,
  output: wire.wireCompanyNumbers,
};

const COMPANY_NUMBER = "/account/{accountId}/phone-number/{phoneNumberId}";

/** One company number by its id. Light, unlike the list. [spec: OAS] */
export const getCompanyNumber: Operation<wire.WireCompanyNumber> = {
  name: "getCompanyNumber",
  method: "GET",
  path: COMPANY_NUMBER,
  group: "light",
  output: wire.wireCompanyNumber,
};

/** Several company numbers by their ids. Light [spec: OAS]; counted as one call [unsure]. */
export const getCompanyNumbers: Operation<wire.WireBulkItem[]> = {
  name: "getCompanyNumbers",
  method: "GET",
  path: COMPANY_NUMBER,
  group: "light",
  bulkId: "phoneNumberId",
  output: wire.wireBulkItems,
};

/** Query: `page`, `perPage`, `usageType` (repeatable), `status`. Light: the cheap way to one user's numbers. */
export const listExtensionPhoneNumbers: Operation<wire.WireList<wire.WireCompanyNumber>> = {
  name: "listExtensionPhoneNumbers",
  method: "GET",
  path: `${EXTENSION}/phone-number`,
  group: "light",
  scope: "extensionNumbers",
  freshMs: COMPANY_LISTS_FRESH_MS,
  output: wire.wireCompanyNumbers,
};

/**
 * Query: `showFederated`, `page`, and `perPage`, which also takes `all`. Medium, and without a permission of the user.
 * [spec: OAS]
 */
export const listDirectoryEntries: Operation<wire.WireDirectory> = {
  name: "listDirectoryEntries",
  method: "GET",
  path: "/account/{accountId}/directory/entries",
  group: "medium",
  isConditional: true,
  output: wire.wireDirectory,
};

/** Body: `eventFilters`, `deliveryMode`, `expiresIn`. RingCentral validates the address before it responds [docs: HOOK]. */
export const createSubscription: Operation<wire.WireSubscription> = {
  name: "createSubscription",
  method: "POST",
  path: "/subscription",
  group: "medium",
  output: wire.wireSubscription,
};

/** The subscriptions of the same app and user. */
export const listSubscriptions: Operation<wire.WireList<wire.WireSubscription>> = {
  name: "listSubscriptions",
  method: "GET",
  path: "/subscription",
  group: "light",
  output: wire.wireSubscriptions,
};

/** Renews. Body as for `createSubscription`. */
export const updateSubscription: Operation<wire.WireSubscription> = {
  name: "updateSubscription",
  method: "PUT",
  path: "/subscription/{subscriptionId}",
  group: "medium",
  output: wire.wireSubscription,
};

export const deleteSubscription: Operation<undefined> = {
  name: "deleteSubscription",
  method: "DELETE",
  path: "/subscription/{subscriptionId}",
  group: "medium",
};
