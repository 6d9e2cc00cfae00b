import { type HttpResponse, json } from "../edge/response.ts";
import { accountUri, type ExtensionCall, extensionUri } from "./call.ts";

/** An extension: a few of the many fields of the real response [spec]. Ids are numbers here. */
export function readExtension(call: ExtensionCall): HttpResponse {
  const { id, extensionNumber, name, type, status } = call.extension;
  return json(200, {
    uri: extensionUri(call, id),
    id: Number(id),
    extensionNumber,
    name,
    type,
    status,
    account: { uri: accountUri(call), id: call.account.id },
    permissions: { admin: { enabled: userOf(call)?.admin === true } },
  });
}

/** The permissions that an extension's role gives it, each with its reach [docs: authorization profile]. */
export function readAuthorizationProfile(call: ExtensionCall): HttpResponse {
  const user = userOf(call);
  const dictionary = `${call.baseUrl}/restapi/v1.0/dictionary`;
  const role = user?.admin === true ? "1" : "2";
  return json(200, {
    uri: `${extensionUri(call, call.extension.id)}/authz-profile`,
    permissions: (user?.permissions ?? []).map((permission) => ({
      permission: { id: permission, uri: `${dictionary}/permission/${permission}` },
      effectiveRole: { id: role, uri: `${dictionary}/user-role/${role}` },
      scopes: [user?.admin === true ? "AllExtensions" : "Self"],
    })),
  });
}

function userOf({ world, user, extension }: ExtensionCall) {
  if (user.extensionId === extension.id) return user;
  return world.users.find(({ extensionId }) => extensionId === extension.id);
}
