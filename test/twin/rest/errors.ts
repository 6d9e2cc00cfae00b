import { json, Rejection } from "../edge/response.ts";

/** Details of an error that a client can act on: `parameterName`, `permissionName` and the like. */
type Extras = Record<string, string>;

/** Codes whose top-level copy is a separate word [observed: COMM]. */
const topLevelWords: Record<string, string> = {
  "CMN-100": "InvalidParameter",
  "CMN-101": "InvalidParameter",
  "CMN-102": "InvalidParameter",
  "CMN-211": "MaintenanceMode",
  "CMN-401": "InsufficientPermissions",
  "OAU-128": "TokenInvalid",
  "OAU-129": "TokenInvalid",
  "OAU-149": "TokenInvalid",
  "OAU-213": "TokenInvalid",
};

/**
 * An error in the REST API's format: an `errors` list, and a copy at the top level, often with a word in place of the
 * code [observed].
 */
export function restError(
  status: number,
  errorCode: string,
  message: string,
  extras: Extras = {},
  headers: Record<string, string> = {},
): Rejection {
  const top = topLevelWords[errorCode] ?? errorCode;
  const errors = [{ errorCode, message, ...extras }];
  return new Rejection(json(status, { errorCode: top, message, errors, ...extras }, headers));
}

/** The gateway's format: a code at the top level and an empty list [observed: PM]. */
export function gatewayError(status: number, errorCode: string, message: string): Rejection {
  return new Rejection(json(status, { errorCode, message, errors: [] }));
}

export function missingParameter(parameterName: string): Rejection {
  return restError(400, "CMN-100", `Parameter [${parameterName}] is missing`, { parameterName });
}

export function invalidParameter(parameterName: string, value?: unknown): Rejection {
  const extras = value === undefined ? {} : { parameterValue: String(value) };
  return restError(400, "CMN-101", `Parameter [${parameterName}] value is invalid`, {
    parameterName,
    ...extras,
  });
}

export function notFound(parameterName: string): Rejection {
  const message = `Resource for parameter [${parameterName}] is not found`;
  return restError(404, "CMN-102", message, { parameterName });
}

export function duplicateValue(parameterName: string, parameterValue: string): Rejection {
  const message = `Duplicate value for parameter [${parameterName}]: ${parameterValue} found in request`;
  return restError(400, "CMN-406", message, { parameterName, parameterValue });
}

export function tooLong(parameterName: string, maximum: number): Rejection {
  const message = `Parameter [${parameterName}] is longer than ${maximum} characters`;
  return restError(400, "CMN-409", message, { parameterName });
}

export function outOfRange(parameterName: string, parameterValue: string, parameterRange: string): Rejection {
  const message = `Parameter [${parameterName}] value is out of range ${parameterRange}`;
  return restError(400, "CMN-411", message, { parameterName, parameterValue, parameterRange });
}

export function idMismatch(parameterName: string): Rejection {
  const message = `Parameter [${parameterName}] value in request body does not match the one in path`;
  return restError(400, "CMN-108", message, { parameterName });
}

export function appPermissionMissing(permissionName: string): Rejection {
  const message = `In order to call this API endpoint, application needs to have [${permissionName}] permission`;
  return restError(403, "CMN-401", message, { permissionName });
}

export function userPermissionMissing(permissionName: string): Rejection {
  const message = `In order to call this API endpoint, user needs to have [${permissionName}] permission for requested resource.`;
  return restError(403, "CMN-408", message, { permissionName });
}
