import * as z from "zod/mini";

/** What an error body says, in the words we act upon. Texts are left behind: they may be localised. [docs: LOC] */
export interface ErrorBody {
  errorCode?: string;
  /** `TokenInvalid` and its like: the word-style code beside the nested one. [observed] */
  topLevelCode?: string;
  parameterName?: string;
  permissionName?: string;
  /** OAuth's `error`. */
  oauthError?: string;
}

const word = z.catch(z.optional(z.string().check(z.regex(/^[\w.[\]-]{1,100}$/))), undefined);
const parameters = z.catch(z.optional(z.array(z.object({ parameterName: word }))), undefined);
const details = { errorCode: word, parameterName: word, permissionName: word, parameters };
const errorBody = z.object({
  ...details,
  error: word,
  errors: z.catch(z.optional(z.array(z.catch(z.object(details), {}))), undefined),
});

/**
 * Reads RingCentral's error bodies in all their dialects: nested `errors[]`, the top-level copy that often carries
 * another code, a gateway's top level with `errors: []`, and OAuth's `parameters[]`. [spec: OAS] [observed]
 *
 * @returns undefined when `body` is not an error body at all; a member is absent when nothing usable is there
 */
export function readErrorBody(body: unknown): ErrorBody | undefined {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const top = parsed.data;
  const nested = top.errors?.[0] ?? {};
  const errorCode = nested.errorCode ?? top.errorCode;
  const parameterName =
    nested.parameterName ??
    nested.parameters?.[0]?.parameterName ??
    top.parameterName ??
    top.parameters?.[0]?.parameterName;
  const permissionName = nested.permissionName ?? top.permissionName;
  return {
    ...(errorCode !== undefined && { errorCode }),
    ...(top.errorCode !== undefined && { topLevelCode: top.errorCode }),
    ...(parameterName !== undefined && { parameterName }),
    ...(permissionName !== undefined && { permissionName }),
    ...(top.error !== undefined && { oauthError: top.error }),
  };
}
