import type { Operation, OperationInput } from "./operation.ts";

/** The first version is the default of an operation's path; the second one begins its path. */
const rootOf = (path: string) => (path.startsWith("/v2/") ? "/restapi" : "/restapi/v1.0");
/** RingCentral also accepts `*` and `~` in these places [docs: URIS, BULK]; we never send them. */
const DECIMAL = /^[0-9]{1,20}$/;
const decimalIds: ReadonlySet<string> = new Set(["accountId", "extensionId"]);
/** All other ids are opaque: a subscription's is a UUID [docs: HOOK], a blocked number's may be base64url [observed]. */
const OPAQUE = /^[A-Za-z0-9_-]{1,64}$/;
/** Two ids at least: the response to one has another shape. At most 30 [docs: BULK]. Only for operations with `bulkId`. */
const OPAQUE_LIST = /^[A-Za-z0-9_-]{1,64}(?:,[A-Za-z0-9_-]{1,64}){1,29}$/;
/** This form excludes `access_token` and `_method`, which RingCentral would act on [docs: URIS, TOK]. */
const QUERY_NAME = /^[a-zA-Z]+$/;

/**
 * The URL of one call. The form of the ids makes encoding unnecessary.
 * @param server origin of the account's RingCentral, such as `https://platform.ringcentral.com`
 * @throws TypeError for an id or a query name that must not be sent; a bug of the calling code
 */
export function buildUrl(
  server: string,
  operation: Pick<Operation<unknown>, "name" | "path" | "bulkId">,
  accountId: string,
  input: OperationInput,
): URL {
  const ids: Record<string, string> = { ...input.path, accountId };
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const id = Object.hasOwn(ids, name) ? ids[name] : undefined;
    const form = name === operation.bulkId ? OPAQUE_LIST : decimalIds.has(name) ? DECIMAL : OPAQUE;
    if (id === undefined || !form.test(id))
      throw new TypeError(`${operation.name}: ${name} is not an id that may be sent`);
    return id;
  });
  const url = new URL(`${rootOf(path)}${path}`, server);
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (!QUERY_NAME.test(name)) throw new TypeError(`${operation.name}: query name not allowed`);
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url;
}
