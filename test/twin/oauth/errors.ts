import { json, Refusal } from "../edge/answer.ts";

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
): Refusal {
  const entry = { errorCode, message: description, ...(parameters.length > 0 && { parameters }) };
  return new Refusal(json(status, { error, error_description: description, errors: [entry] }));
}
