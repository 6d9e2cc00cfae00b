import { json, Rejection } from "../edge/response.ts";

interface OAuthParameter {
  parameterName: string;
  parameterValue?: string;
}

/**
 * An error in the token endpoint's format: RFC 6749's two fields and an `errors` list, with a list `parameters` where
 * the REST API has a flat `parameterName` [spec] [observed].
 */
export function oauthError(
  error: string,
  errorCode: string,
  description: string,
  parameters: OAuthParameter[] = [],
  status = 400,
): Rejection {
  const entry = { errorCode, message: description, ...(parameters.length > 0 && { parameters }) };
  return new Rejection(json(status, { error, error_description: description, errors: [entry] }));
}
