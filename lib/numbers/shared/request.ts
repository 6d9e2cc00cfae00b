import type { PageRequest } from "../../contract/paging.ts";
import type { WriteStep } from "../../contract/write-outcome.ts";
import type { Clock } from "../../platform/clock.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import type { NumberQuery } from "./look-up.ts";

export interface NumbersDeps {
  ringcentral: RingCentral;
  clock: Clock;
}

export interface NumbersRequest {
  /** The edge has checked that the caller may reach this extension. */
  extensionId: string;
  call: CallContext;
}

export interface ListRequest extends NumbersRequest {
  page: PageRequest;
  /** For the entries of one number only. */
  query?: NumberQuery;
}

export interface WriteRequest extends NumbersRequest {
  /** `If-Match`: the only version of the resource that the write may change. */
  ifMatch?: string | undefined;
  /** Absent: `run`. */
  step?: WriteStep;
}
