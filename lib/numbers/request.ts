import type { CallContext } from "../ringcentral/operation.ts";
import type { PageRequest } from "./page.ts";

/** A request as the use cases see it: what the RingCentral client needs to know, and what it is about. */
export interface NumbersRequest extends CallContext {
  /** The extension the request is about, already checked to be the caller's to reach. */
  extensionId: string;
}

export interface ListRequest extends NumbersRequest {
  page: PageRequest;
}
