import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as changeCallerBlockingNumbers } from "../../functions/extensions/change-caller-blocking-numbers.ts";
import { handler as deleteBlockedNumber } from "../../functions/extensions/delete-blocked-number.ts";
import { handler as deleteCallerBlockingNumber } from "../../functions/extensions/delete-caller-blocking-number.ts";
import { handler as deleteForwardingNumber } from "../../functions/extensions/delete-forwarding-number.ts";
import { handler as updateCallerBlocking } from "../../functions/extensions/update-caller-blocking.ts";
import { handler as updateCallerBlockingNumber } from "../../functions/extensions/update-caller-blocking-number.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { routes } from "../../lib/contract/routes.ts";
import { SEED } from "../twin/twin.ts";
import { invoke, type TestRequest, type TestResponse } from "./api-gateway.ts";
import { expectConforms } from "./openapi-conformance.ts";
import type { Service } from "./service.ts";

const handlers = {
  addBlockedNumber,
  addCallerBlockingNumber,
  addForwardingNumber,
  changeCallerBlockingNumbers,
  deleteBlockedNumber,
  deleteCallerBlockingNumber,
  deleteForwardingNumber,
  updateCallerBlocking,
  updateCallerBlockingNumber,
  updateForwardingNumber,
};
export type WriteName = keyof typeof handlers;
export const writeNames = Object.keys(handlers) as WriteName[];

const bodies: Partial<Record<WriteName, object>> = {
  addBlockedNumber: { phoneNumber: "+12025550189" },
  addCallerBlockingNumber: { phoneNumber: "+12025550188" },
  addForwardingNumber: { phoneNumber: "+12025550187" },
  changeCallerBlockingNumbers: { items: [{ action: "add", phoneNumber: "+12025550186" }] },
  updateCallerBlocking: { payPhones: "block" },
  updateCallerBlockingNumber: { label: "New" },
  updateForwardingNumber: { flipNumber: 8 },
};

/** One valid write of the named operation to an extension of the seed; the response is checked against the contract. */
export async function write(
  service: Service,
  name: WriteName,
  extensionId: string = SEED.extensionId,
  request: TestRequest = {},
): Promise<TestResponse> {
  const route = routes.find(({ operationId }) => operationId === name);
  if (route === undefined) throw new Error(`no route ${name}`);
  const { callerBlocking, forwarding } = service.twin.extension(extensionId);
  // The id of an entry is its number.
  const id = Buffer.from(callerBlocking[0]?.phoneNumber.slice(1) ?? "").toString("base64url");
  const forwardingNumberId = forwarding.find(({ phoneNumber }) => phoneNumber !== undefined)?.id ?? "";
  const body = bodies[name];
  const response = await invoke(handlers[name], route, {
    token: service.tokens.admin,
    ...(body && { body }),
    ...request,
    path: { extensionId, id, forwardingNumberId },
  });
  expectConforms(route, response);
  return response;
}

/** Writes and reads that reached RingCentral, by method. */
export const sentWrites = (service: Service) => service.sent().filter(({ method }) => method !== "GET");
