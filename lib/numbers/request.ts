import type { PageRequest } from "../contract/paging.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";

/** A request as the use cases see it: what the RingCentral client needs to know, and what it is about. */
export interface NumbersRequest extends CallContext {
  /** The extension the request is about, already checked to be the caller's to reach. */
  extensionId: string;
}

export interface WriteRequest extends NumbersRequest {
  /** `If-Match`: the write is to happen only to that version of the resource. */
  ifMatch?: string | undefined;
  /** An earlier try of this very request may have taken effect: look before anything is sent. */
  resolveFirst?: boolean;
}

export interface ListRequest extends NumbersRequest {
  page: PageRequest;
}
