import { type HttpResponse, json } from "../edge/response.ts";
import { accountUri, type Call } from "./call.ts";
import { listBody, readPageRequest } from "./paging.ts";

/** The account's extensions: a few of the fields of each [spec]. Filters: `status`, `type`, both repeatable. */
export function listExtensions(call: Call): HttpResponse {
  const uri = `${accountUri(call)}/extension`;
  const { query } = call.request;
  const wanted = (name: string, value: string) =>
    query.getAll(name).length === 0 || query.getAll(name).includes(value);
  const filters = ["status", "type"].flatMap((name) =>
    query.getAll(name).map((value) => [name, value] as const),
  );
  const extensions = [...call.account.extensions.values()].filter(
    ({ status, type }) => wanted("status", status) && wanted("type", type),
  );
  const body = listBody(uri, extensions, readPageRequest(call), filters, (extension) => {
    const { id, extensionNumber, name, type, status } = extension;
    return { uri: `${uri}/${id}`, id: Number(id), extensionNumber, name, type, status };
  });
  return json(200, body);
}
