import { SEED, type Twin } from "./twin.ts";

/** A complete response of the twin. */
export interface Read<T = unknown> {
  status: number;
  headers: Headers;
  text: string;
  /** Undefined when the body is not JSON. */
  body: T;
}

/** The part of a list response that tests read. */
export interface ListResponse {
  uri: string;
  records: { id: string | number; [field: string]: unknown }[];
  paging: Record<string, number>;
  navigation: Record<string, { uri: string }>;
}

/** The part of a token response that tests read. */
export interface TokenResponse {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  scope: string;
  owner_id: string;
}

export interface ClientCredentials {
  clientId: string;
  clientSecret?: string;
}

export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const mainApp: ClientCredentials = { clientId: SEED.clientId, clientSecret: SEED.clientSecret };

/** The path of an extension of the main account. */
export function extensionPath(extensionId: string = SEED.extensionId): string {
  return `/restapi/v1.0/account/~/extension/${extensionId}`;
}

export const companyNumbersPath = "/restapi/v1.0/account/~/phone-number";

export function basic({ clientId, clientSecret = "" }: ClientCredentials): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}

export async function fetchRead<T = unknown>(url: string, init?: RequestInit): Promise<Read<T>> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : undefined) as T,
  };
}

/** Sends a token request as an app: with Basic, or with the client id in the body when it has no secret. */
export function requestToken<T = TokenResponse>(
  twin: Twin,
  form: Record<string, string>,
  app: ClientCredentials = mainApp,
): Promise<Read<T>> {
  const isPublic = app.clientSecret === undefined;
  return fetchRead<T>(`${twin.url}/restapi/oauth/token`, {
    method: "POST",
    headers: isPublic ? {} : { authorization: basic(app) },
    body: new URLSearchParams({ ...(isPublic && { client_id: app.clientId }), ...form }),
  });
}

export function requestJwtToken(
  twin: Twin,
  jwt: string = SEED.jwt,
  app?: ClientCredentials,
): Promise<Read<TokenResponse>> {
  return requestToken(twin, { grant_type: jwtBearer, assertion: jwt }, app);
}

/** Sends one call with a bearer token; an object becomes a JSON body. */
export type Send = <T = unknown>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Read<T>>;

export function sender(twin: Twin, accessToken: string): Send {
  return (method, path, body, headers = {}) =>
    fetchRead(`${twin.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
}

/** Logs in. @returns a function that sends calls */
export async function logIn(twin: Twin, jwt?: string, app?: ClientCredentials): Promise<Send> {
  const { body, text } = await requestJwtToken(twin, jwt, app);
  if (body?.access_token === undefined) throw new Error(`no access token: ${text}`);
  return sender(twin, body.access_token);
}
