import type { Operation } from "./operation.ts";
import {
  type WireBlockedNumber,
  type WireBulkAnswer,
  type WireCallerBlocking,
  type WireCallerBlockingNumber,
  type WireCompanyNumber,
  type WireExtensionPhoneNumber,
  type WireForwardingNumber,
  type WireList,
  type WireSubscription,
  type WireSubscriptions,
  wireBlockedNumber,
  wireBlockedNumbers,
  wireBulkAnswers,
  wireCallerBlocking,
  wireCallerBlockingNumber,
  wireCallerBlockingNumbers,
  wireCompanyNumber,
  wireCompanyNumbers,
  wireExtensionPhoneNumbers,
  wireForwardingNumber,
  wireForwardingNumbers,
  wireSubscription,
  wireSubscriptions,
} from "./wire.ts";

// Every RingCentral call Ringfront makes, with the usage plan group it is documented in [spec: OAS] [seed].
// Plain constants: a bundle carries the ones it names.

/** What users change themselves, also in RingCentral's own apps: long enough for one screen and its reloads. */
const OWN_LISTS_FRESH_MS = 15_000;
/** What administrators change now and then, at up to one Heavy call a page. */
const COMPANY_LISTS_FRESH_MS = 60_000;

const EXTENSION = "/account/{accountId}/extension/{extensionId}";
const BLOCKED_NUMBERS = `${EXTENSION}/blocked-number` as const;
const CALLER_BLOCKING = `${EXTENSION}/caller-blocking` as const;
const CALLER_BLOCKING_NUMBERS = `${CALLER_BLOCKING}/phone-numbers` as const;
const CALLER_BLOCKING_NUMBER = `${CALLER_BLOCKING_NUMBERS}/{blockedNumberId}` as const;
const FORWARDING_NUMBERS = `${EXTENSION}/forwarding-number` as const;
const FORWARDING_NUMBER = `${FORWARDING_NUMBERS}/{forwardingNumberId}` as const;

/** Op 1. Query: `page`, `perPage`. */
export const listBlockedNumbers: Operation<WireList<WireBlockedNumber>> = {
  name: "listBlockedNumbers",
  method: "GET",
  path: BLOCKED_NUMBERS,
  group: "light",
  scope: "callerBlocking",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wireBlockedNumbers,
};

/** Op 2. Body: `phoneNumber`, `name`. */
export const addBlockedNumber: Operation<WireBlockedNumber> = {
  name: "addBlockedNumber",
  method: "POST",
  path: BLOCKED_NUMBERS,
  group: "medium",
  scope: "callerBlocking",
  output: wireBlockedNumber,
};

/** Op 3. Query: `page`, `perPage`, `status` (`Blocked` or `Allowed`; what omission means is [unsure]). */
export const listCallerBlockingNumbers: Operation<WireList<WireCallerBlockingNumber>> = {
  name: "listCallerBlockingNumbers",
  method: "GET",
  path: CALLER_BLOCKING_NUMBERS,
  group: "light",
  scope: "callerBlocking",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wireCallerBlockingNumbers,
};

/** Body: `phoneNumber`, `label`, `status`. */
export const addCallerBlockingNumber: Operation<WireCallerBlockingNumber> = {
  name: "addCallerBlockingNumber",
  method: "POST",
  path: CALLER_BLOCKING_NUMBERS,
  group: "medium",
  scope: "callerBlocking",
  output: wireCallerBlockingNumber,
};

export const getCallerBlockingNumber: Operation<WireCallerBlockingNumber> = {
  name: "getCallerBlockingNumber",
  method: "GET",
  path: CALLER_BLOCKING_NUMBER,
  group: "light",
  scope: "callerBlocking",
  output: wireCallerBlockingNumber,
};

/** Body as for adding one. */
export const updateCallerBlockingNumber: Operation<WireCallerBlockingNumber> = {
  name: "updateCallerBlockingNumber",
  method: "PUT",
  path: CALLER_BLOCKING_NUMBER,
  group: "medium",
  scope: "callerBlocking",
  output: wireCallerBlockingNumber,
};

/** Answers 204. */
export const deleteCallerBlockingNumber: Operation<undefined> = {
  name: "deleteCallerBlockingNumber",
  method: "DELETE",
  path: CALLER_BLOCKING_NUMBER,
  group: "medium",
  scope: "callerBlocking",
};

export const getCallerBlocking: Operation<WireCallerBlocking> = {
  name: "getCallerBlocking",
  method: "GET",
  path: CALLER_BLOCKING,
  group: "light",
  scope: "callerBlocking",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wireCallerBlocking,
};

/** Body: `mode`, `noCallerId`, `payPhones`, `greetings`. Light, though it writes [spec: OAS]. */
export const updateCallerBlocking: Operation<WireCallerBlocking> = {
  name: "updateCallerBlocking",
  method: "PUT",
  path: CALLER_BLOCKING,
  group: "light",
  scope: "callerBlocking",
  output: wireCallerBlocking,
};

/** Op 4. Query: `page`, `perPage`. */
export const listForwardingNumbers: Operation<WireList<WireForwardingNumber>> = {
  name: "listForwardingNumbers",
  method: "GET",
  path: FORWARDING_NUMBERS,
  group: "light",
  scope: "forwarding",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wireForwardingNumbers,
};

export const getForwardingNumber: Operation<WireForwardingNumber> = {
  name: "getForwardingNumber",
  method: "GET",
  path: FORWARDING_NUMBER,
  group: "light",
  scope: "forwarding",
  output: wireForwardingNumber,
};

/** Op 5. Body: `phoneNumber` or `device.id`, `type`, `label`, `flipNumber` (a number here). */
export const addForwardingNumber: Operation<WireForwardingNumber> = {
  name: "addForwardingNumber",
  method: "POST",
  path: FORWARDING_NUMBERS,
  group: "medium",
  scope: "forwarding",
  output: wireForwardingNumber,
};

/** Op 6. Body: `phoneNumber`, `label`, `flipNumber` (text here), `type`. */
export const updateForwardingNumber: Operation<WireForwardingNumber> = {
  name: "updateForwardingNumber",
  method: "PUT",
  path: FORWARDING_NUMBER,
  group: "medium",
  scope: "forwarding",
  output: wireForwardingNumber,
};

/** Answers 204. */
export const deleteForwardingNumber: Operation<undefined> = {
  name: "deleteForwardingNumber",
  method: "DELETE",
  path: FORWARDING_NUMBER,
  group: "medium",
  scope: "forwarding",
};

/** Op 7. Query: `page`, `perPage`, `usageType`, `paymentType` and `status` (each repeatable), `extensionStatus`. */
export const listCompanyNumbers: Operation<WireList<WireCompanyNumber>> = {
  name: "listCompanyNumbers",
  method: "GET",
  path: "/account/{accountId}/phone-number",
  group: "heavy",
  scope: "companyNumbers",
  freshMs: COMPANY_LISTS_FRESH_MS,
  output: wireCompanyNumbers,
};

const COMPANY_NUMBER = "/account/{accountId}/phone-number/{phoneNumberId}";

/** One number of the company by its id. Light, unlike the list. [spec: OAS] */
export const getCompanyNumber: Operation<WireCompanyNumber> = {
  name: "getCompanyNumber",
  method: "GET",
  path: COMPANY_NUMBER,
  group: "light",
  output: wireCompanyNumber,
};

/** Several numbers of the company by their ids. Light [spec: OAS]; counted as one call [unsure]. */
export const getCompanyNumbers: Operation<WireBulkAnswer[]> = {
  name: "getCompanyNumbers",
  method: "GET",
  path: COMPANY_NUMBER,
  group: "light",
  bulkId: "phoneNumberId",
  output: wireBulkAnswers,
};

/** Query: `page`, `perPage`, `usageType` (repeatable), `status`. Light: the cheap way to one user's numbers. */
export const listExtensionPhoneNumbers: Operation<WireList<WireExtensionPhoneNumber>> = {
  name: "listExtensionPhoneNumbers",
  method: "GET",
  path: `${EXTENSION}/phone-number`,
  group: "light",
  scope: "extensionNumbers",
  freshMs: COMPANY_LISTS_FRESH_MS,
  output: wireExtensionPhoneNumbers,
};

/** Body: `eventFilters`, `deliveryMode`, `expiresIn`. Shakes hands with the address before it answers [docs: HOOK]. */
export const createSubscription: Operation<WireSubscription> = {
  name: "createSubscription",
  method: "POST",
  path: "/subscription",
  group: "medium",
  output: wireSubscription,
};

/** Those of the same app and user. */
export const listSubscriptions: Operation<WireSubscriptions> = {
  name: "listSubscriptions",
  method: "GET",
  path: "/subscription",
  group: "light",
  output: wireSubscriptions,
};

/** Renews. Body as for creating one. */
export const updateSubscription: Operation<WireSubscription> = {
  name: "updateSubscription",
  method: "PUT",
  path: "/subscription/{subscriptionId}",
  group: "medium",
  output: wireSubscription,
};

/** Answers 204. */
export const deleteSubscription: Operation<undefined> = {
  name: "deleteSubscription",
  method: "DELETE",
  path: "/subscription/{subscriptionId}",
  group: "medium",
};
