import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { createLogger } from "../../../lib/platform/logger.ts";
import { RingCentralError, type RingCentralFailure } from "../../../lib/ringcentral/api/errors.ts";
import type {
  CallContext,
  Operation,
  OperationInput,
  RingCentral,
} from "../../../lib/ringcentral/api/operation.ts";

export interface FakeCall extends OperationInput {
  operation: string;
}

type Respond = (call: FakeCall) => unknown;

/** A RingCentral that returns raw bodies, which pass the operation's schema as in reality. */
export function fakeRingCentral(respond: Respond): RingCentral & { calls: FakeCall[] } {
  const calls: FakeCall[] = [];
  return {
    calls,
    async call<Output>(operation: Operation<Output>, input: OperationInput): Promise<Output> {
      const call = { operation: operation.name, ...input };
      calls.push(call);
      const body = respond(call);
      if (body instanceof Error) throw body;
      if (operation.output === undefined) return undefined as Output;
      return operation.output.parse(body);
    },
  };
}

export function failure(details: Partial<RingCentralFailure>): RingCentralError {
  return new RingCentralError({ kind: "rejected", operation: "test", mayHaveTakenEffect: false, ...details });
}

/** The first and only page of an upstream list. */
export function wholeList(records: unknown[]) {
  return {
    records,
    paging: { page: 1, perPage: 100, totalPages: 1, totalElements: records.length },
    navigation: {},
  };
}

export const NOW = Date.parse("2026-01-01T00:00:00Z");

/** A clock that stands still; its sleeps end at once. */
export const clock = { now: () => NOW, sleep: async () => {} };

export function callContext(): CallContext {
  return {
    accountId: "3700111",
    requestId: "test",
    deadline: deadlineIn(10_000, clock),
    log: createLogger({}, { write: () => {} }),
  };
}

export function numbersRequest() {
  return { extensionId: "3800222", call: callContext(), page: { limit: 100 } };
}
