import type { CallHandling } from "../../data/call-handling.ts";
import { callHandlingOf } from "../../data/move.ts";
import type { ExtensionCall } from "../call.ts";
import { gatewayError, notFound, restError } from "../errors.ts";

/** The rejection of the new backend's v1 calls [observed]. */
export function movedRejection(): Error {
  const message = "This API is not available with enabled feature [NewCallHandlingAndForwarding].";
  return restError(403, "CMN-468", message);
}

/** @returns whether the call's extension is on the new backend */
export function hasMoved({ world, extension, now }: ExtensionCall): boolean {
  return callHandlingOf(world, extension, now) !== undefined;
}

/**
 * The call's data in the new backend.
 * @throws Rejection before the move, by the setting; CMN-403 for a type without call handling
 */
export function requireCallHandling({ world, extension, now, settings }: ExtensionCall): CallHandling {
  const found = callHandlingOf(world, extension, now);
  if (found === undefined) {
    if (settings.v2BeforeMove === "AGW-404") throw gatewayError(404, "AGW-404", "Not Found");
    if (settings.v2BeforeMove === "CMN-102") throw notFound("extensionId");
    throw restError(403, "CMN-403", "The feature is not available");
  }
  if (extension.type === "Department") {
    throw restError(403, "CMN-403", "The feature is not available for this extension type");
  }
  return found;
}
