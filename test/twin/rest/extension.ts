import { type HttpResponse, json } from "../edge/response.ts";
import { accountUri, type ExtensionCall, extensionUri } from "./call.ts";
import { missingParameter } from "./errors.ts";

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

/** The permissions that an extension's role gives it, each with its reach [spec: OAS]. */
export function readAuthorizationProfile(call: ExtensionCall): HttpResponse {
  const uri = `${extensionUri(call, call.extension.id)}/authz-profile`;
  return json(200, { uri, permissions: activePermissions(call) });
}

/** Whether an extension's role gives it one permission; an unknown permission is not given [spec] [unsure]. */
export function checkPermission(call: ExtensionCall): HttpResponse {
  const wanted = call.request.query.get("permissionId");
  if (!wanted) throw missingParameter("permissionId");
  const details = activePermissions(call).find(({ permission }) => permission.id === wanted);
  const uri = `${extensionUri(call, call.extension.id)}/authz-profile/check?permissionId=${wanted}`;
  return json(200, { uri, successful: details !== undefined, ...(details && { details }) });
}

function activePermissions(call: ExtensionCall) {
  const user = userOf(call);
  const dictionary = `${call.baseUrl}/restapi/v1.0/dictionary`;
  const role = user?.admin === true ? "1" : "2";
  return (user?.permissions ?? []).map((permission) => ({
    permission: { id: permission, uri: `${dictionary}/permission/${permission}` },
    effectiveRole: { id: role, uri: `${dictionary}/user-role/${role}` },
    scopes: [user?.admin === true ? "AllExtensions" : "Self"],
  }));
}

function userOf({ world, user, extension }: ExtensionCall) {
  if (user.extensionId === extension.id) return user;
  return world.users.find(({ extensionId }) => extensionId === extension.id);
}
