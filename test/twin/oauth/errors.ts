import { json, Refusal } from "../edge/answer.ts";

interface OAuthParameter {
  parameterName: string;
  parameterValue?: string;
}

/**
 * An error in the dialect of the token endpoint: RFC 6749's two fields and an `errors` list, whose `parameters` are
 * a list where the REST API has a flat `parameterName` [spec] [observed].
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
