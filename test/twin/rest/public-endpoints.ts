import type { Platform } from "../edge/platform.ts";
import type { ReceivedRequest } from "../edge/received-request.ts";
import { type HttpResponse, json } from "../edge/response.ts";
import { authenticate } from "./authentication.ts";
import { limitedModeRejection } from "./availability.ts";
import { missingParameter } from "./errors.ts";

type Endpoint = (platform: Platform, request: ReceivedRequest) => HttpResponse;

interface Named {
  operation: string;
  serve: Endpoint;
}

const oauth = ({ baseUrl }: Platform, name: string) => `${baseUrl}/restapi/oauth/${name}`;
const openIdUri = ({ baseUrl }: Platform) => `${baseUrl}/.well-known/openid-configuration`;
const entryPoints = ({ baseUrl }: Platform, name: string) => `${baseUrl}/.well-known/entry-points/${name}`;
/** Every API has the same address here; the SDK reads those of video as well [sdk source: JS]. */
const apis = ({ baseUrl }: Platform) => ({
  coreApi: { baseUri: baseUrl },
  rcv: { baseWebUri: baseUrl, baseApiUri: baseUrl, pubnubOrigin: baseUrl },
});
const retries = { version: "1.0.0", retryCount: 3, retryInterval: 3 };

/** [spec] The issuer is the platform's address. */
function openIdConfiguration(platform: Platform): HttpResponse {
  return json(200, {
    issuer: platform.baseUrl,
    authorization_endpoint: oauth(platform, "authorize"),
    token_endpoint: oauth(platform, "token"),
    revocation_endpoint: oauth(platform, "revoke"),
    userinfo_endpoint: oauth(platform, "userinfo"),
    jwks_uri: oauth(platform, "jwks"),
    scopes_supported: ["openid", "email", "profile"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_jwt", "private_key_jwt"],
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    userinfo_signing_alg_values_supported: ["none"],
    id_token_signing_alg_values_supported: ["RS256", "HS256"],
    code_challenge_methods_supported: ["plain", "S256"],
  });
}

/** The addresses that a client needs before its login [sdk source: JS]. */
function initialEntryPoints(platform: Platform, request: ReceivedRequest): HttpResponse {
  if (!request.query.get("clientId")) throw missingParameter("clientId");
  return json(200, {
    ...retries,
    discoveryApi: { defaultExternalUri: entryPoints(platform, "external") },
    authApi: {
      authorizationUri: oauth(platform, "authorize"),
      oidcDiscoveryUri: openIdUri(platform),
      defaultTokenUri: oauth(platform, "token"),
    },
    ...apis(platform),
  });
}

/** The addresses of the caller's account [sdk source: JS]. */
function externalEntryPoints(platform: Platform, request: ReceivedRequest): HttpResponse {
  authenticate(platform.sessions, request);
  const discoveryApi = {
    externalUri: entryPoints(platform, "external"),
    initialUri: entryPoints(platform, "initial"),
  };
  const authApi = {
    authorizationUri: oauth(platform, "authorize"),
    oidcDiscoveryUri: openIdUri(platform),
    baseUri: platform.baseUrl,
    tokenUri: oauth(platform, "token"),
  };
  const expiry = { expiresIn: 86_400, retryCycleDelay: 824 };
  const body = { ...retries, ...expiry, discoveryApi, authApi, ...apis(platform) };
  return json(200, body, { "Discovery-Tag": "twin" });
}

/** What clients poll during maintenance [sdk source: WID]; its body is not documented [unsure]. */
function serviceStatus({ settings }: Platform): HttpResponse {
  if (settings.limitedMode) throw limitedModeRejection(settings);
  return { status: 200, headers: {} };
}

const version = ({ baseUrl }: Platform) => ({
  uri: `${baseUrl}/restapi/v1.0`,
  versionString: "1.0.51",
  releaseDate: "2026-01-05T00:00:00.000Z",
  uriString: "v1.0",
});

function apiVersions(platform: Platform): HttpResponse {
  const versions = { uri: `${platform.baseUrl}/restapi/`, apiVersions: [version(platform)] };
  return json(200, { ...versions, serverVersion: "26.1", serverRevision: "twin" });
}

const endpoints: Record<string, Named> = {
  "/.well-known/openid-configuration": { operation: "openIdConfiguration", serve: openIdConfiguration },
  "/.well-known/entry-points/initial": { operation: "initialEntryPoints", serve: initialEntryPoints },
  "/.well-known/entry-points/external": { operation: "externalEntryPoints", serve: externalEntryPoints },
  "/restapi": { operation: "apiVersions", serve: apiVersions },
  "/restapi/v1.0": { operation: "apiVersion", serve: (platform) => json(200, version(platform)) },
  "/restapi/v1.0/status": { operation: "serviceStatus", serve: serviceStatus },
};

/** @returns the call that a GET of a path is, if it belongs to no budget */
export function matchPublic(path: string): Named | undefined {
  return Object.hasOwn(endpoints, path) ? endpoints[path] : undefined;
}
