import type { CallHandling } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import type { CredentialSource, Credentials } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { NumbersDeps, NumbersRequest } from "../shared/request.ts";
import { Backend, type BackendDeps } from "./backend.ts";

export interface ForwardingDeps extends NumbersDeps, BackendDeps {
  /** The account's secret, which keys the natural ids. */
  credentials: CredentialSource;
  /** Every version of the secret that is still valid. */
  acceptedSecrets: (deadline: Deadline) => Promise<Credentials[]>;
}

/** One use case on either backend. */
export type OnEither<Result> = Record<CallHandling, (backend: Backend) => Promise<Result>>;

/**
 * Runs a use case on the extension's call-handling backend, and on the other one when RingCentral's response says
 * that the extension has moved.
 * @throws ProblemError `call_handling_moved` when the other one rejects it too
 */
export async function onBackend<Result>(
  deps: ForwardingDeps,
  request: NumbersRequest,
  either: OnEither<Result>,
): Promise<Result> {
  const backend = await Backend.of(deps, request);
  try {
    return await either[backend.callHandling](backend);
  } catch (error) {
    if (!(await backend.recheckAfter(error))) throw error;
  }
  try {
    return await either[backend.callHandling](backend);
  } catch (error) {
    if (!(error instanceof RingCentralError) || error.failure.status !== 404) throw error;
    const { status, errorCode, requestId } = error.failure;
    const upstream = omitUndefined({ status, errorCode, requestId });
    throw new ProblemError("call_handling_moved", { upstream, cause: error });
  }
}
