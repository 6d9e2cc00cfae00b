import { expect, vi } from "vitest";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as deleteForwardingNumber } from "../../functions/extensions/delete-forwarding-number.ts";
import { handler as getForwardingNumber } from "../../functions/extensions/get-forwarding-number.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import {
  addForwardingNumberRoute,
  deleteForwardingNumberRoute,
  getForwardingNumberRoute,
  listForwardingNumbersRoute,
  updateForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { SEED, type TwinOptions } from "../twin/twin.ts";
import { invoke, type TestRequest, type TestResponse } from "./api-gateway.ts";
import { brokenRules, untruths } from "./call-handling-truth.ts";
import { expectConforms } from "./openapi-conformance.ts";
import { startService } from "./service.ts";
import { v2RequestFaults } from "./v2-request-schemas.ts";

export type ForwardingLab = Awaited<ReturnType<typeof startForwardingLab>>;

/** A forwarding number as a response shows it. */
export interface Shown {
  id: string;
  phoneNumber?: string;
  label?: string;
  type: string;
  features: string[];
  flipNumber?: number;
  deviceId?: string;
  rings?: { rule: string; enabled: boolean; seconds?: number }[];
}

/**
 * The forwarding routes of one extension, called through the real handlers; every response must match the OpenAPI file.
 * It acts as the administrator, who may edit all extensions, or as the extension's own user, who names it `me`.
 */
export async function startForwardingLab(
  options: TwinOptions = {},
  extensionId: string = SEED.otherExtensionId,
  as: "administrator" | "me" = "administrator",
) {
  // One caller spends more than its share of the usual limits.
  const limits = { Light: 1_000, Medium: 1_000, Heavy: 1_000, Auth: false } as const;
  const service = await startService({ limits, ...options });
  const { twin, tokens } = service;
  const token = as === "me" ? await service.mint({ rc_extension_id: extensionId }) : tokens.admin;
  /** Whether a write was acknowledged after the move: from then on a list must be that of the new backend. */
  let hasWrittenAfterMove = false;

  async function call(
    handler: Parameters<typeof invoke>[0],
    route: Parameters<typeof invoke>[1],
    request: TestRequest = {},
  ): Promise<TestResponse> {
    const path = { extensionId: as === "me" ? "me" : extensionId, ...request.path };
    const response = await invoke(handler, route, { token, ...request, path });
    expectConforms(route, response);
    const isWrite = route.method !== "GET" && response.headers["idempotency-replayed"] === undefined;
    if (isWrite && response.status < 300 && twin.extension(extensionId).callHandling) {
      hasWrittenAfterMove = true;
    }
    return response;
  }
  const item = (id: string, request: TestRequest): TestRequest => ({
    ...request,
    path: { ...request.path, forwardingNumberId: id },
  });
  const headersOf = (key: string | undefined) => (key === undefined ? {} : { "idempotency-key": key });

  const lab = {
    service,
    twin,
    extensionId,
    call,
    read: (id: string, request: TestRequest = {}) =>
      call(getForwardingNumber, getForwardingNumberRoute, item(id, request)),
    list: (request: TestRequest = {}) => call(listForwardingNumbers, listForwardingNumbersRoute, request),
    add: (body: object, key?: string, request: TestRequest = {}) =>
      call(addForwardingNumber, addForwardingNumberRoute, { headers: headersOf(key), ...request, body }),
    change: (id: string, body: object, request: TestRequest = {}) =>
      call(updateForwardingNumber, updateForwardingNumberRoute, { ...item(id, request), body }),
    remove: (id: string, request: TestRequest = {}) =>
      call(deleteForwardingNumber, deleteForwardingNumberRoute, item(id, request)),

    /** The whole list as RingCentral has it now. @throws when it differs from what rings and flips */
    async numbers(): Promise<Shown[]> {
      const { status, body } = await lab.list({ headers: { "cache-control": "no-cache" } });
      expect(status, JSON.stringify(body)).toBe(200);
      expectTrue(body.data, body.meta.callHandling);
      return body.data;
    },
    /** The number in the list. */
    async shown(phoneNumber: string): Promise<Shown | undefined> {
      const found = (await lab.numbers()).filter((number) => number.phoneNumber === phoneNumber);
      expect(found.length, `${phoneNumber} is listed ${found.length} times`).toBeLessThanOrEqual(1);
      return found[0];
    },
    /** More than an hour later: what was known of the extension then is not counted on any more. */
    nextHour: () => lab.later(61),
    /** Moves the clock of this process on. */
    later(minutes: number) {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + minutes * 60_000 });
    },
    idOf: async (phoneNumber: string): Promise<string> => (await lab.shown(phoneNumber))?.id ?? "none",
    /** @throws when a request of the new backend is not as RingCentral describes it */
    async stop() {
      vi.useRealTimers();
      await service.stop();
      if (!twin.settings.unknownRuleTypes) expect(twin.requests.flatMap(v2RequestFaults)).toEqual([]);
    },
  };

  /**
   * Whether a list shows what rings and flips, in the rules where it does. Until a write has shown the move, a list may be
   * the one that RingCentral's first version still gives.
   */
  function expectTrue(data: readonly Shown[], backend: string | undefined): void {
    const { callHandling, forwarding } = twin.extension(extensionId);
    if (callHandling === undefined || (backend !== "new" && !hasWrittenAfterMove)) {
      expect(data.map(({ id }) => id).sort()).toEqual(forwarding.map(({ id }) => id).sort());
      return;
    }
    expect([...brokenRules(callHandling), ...untruths(data, callHandling)]).toEqual([]);
  }
  return lab;
}
