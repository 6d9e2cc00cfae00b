import * as z from "zod/mini";
import { omitUndefined } from "../../platform/omit-undefined.ts";

const word = z.catch(z.optional(z.string().check(z.regex(/^[\w.[\]-]{1,100}$/))), undefined);
const parameters = z.catch(z.optional(z.array(z.object({ parameterName: word }))), undefined);
const text = z.catch(z.optional(z.string()), undefined);
const details = { errorCode: word, parameterName: word, permissionName: word, parameters, message: text };
const errorBody = z.object({
  ...details,
  error: word,
  errors: z.catch(z.optional(z.array(z.catch(z.object(details), {}))), undefined),
});

export type ErrorBody = NonNullable<ReturnType<typeof readErrorBody>>;

/**
 * Reads every form of RingCentral's error bodies: nested `errors[]`, the top-level copy that often carries another
 * code, a gateway's top level with `errors: []`, and OAuth's `parameters[]`. [spec: OAS] [observed] Messages are not
 * passed on, and may be localised. [docs: LOC]
 *
 * @returns undefined when `body` is not an error body; a member without a usable value is absent
 */
export function readErrorBody(body: unknown) {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const top = parsed.data;
  const nested = top.errors?.[0] ?? {};
  return omitUndefined({
    errorCode: nested.errorCode ?? top.errorCode,
    parameterName:
      nested.parameterName ??
      nested.parameters?.[0]?.parameterName ??
      top.parameterName ??
      top.parameters?.[0]?.parameterName,
    permissionName: nested.permissionName ?? top.permissionName,
    oauthError: top.error,
    // The text says that another operation is in progress: no code is known for that [observed].
    isInProgress: /\bin progress\b/i.test(`${nested.message} ${top.message}`) ? true : undefined,
  });
}
