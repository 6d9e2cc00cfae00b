import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";
import type { FieldError } from "../../../lib/contract/problems.ts";
import * as callHandling from "../../../lib/ringcentral/api/call-handling.ts";
import * as numbers from "../../../lib/ringcentral/api/operations.ts";
import { type LoggedRequest, SEED } from "../../twin/twin.ts";
import type { TestResponse } from "../api-gateway.ts";
import { headersOf, isPagedIn, isWebhook, type Operation } from "./document.ts";
import type { GeneratedRequest } from "./request.ts";
import type { Exchange } from "./sender.ts";

const ajv = new Ajv2020({ strict: false, coerceTypes: true });
addFormats.default(ajv);
const validators = new Map<object, ValidateFunction>();

/** Of every response, by HTTP and by the service's rules for browsers: the file names the API's own headers only. */
const USUAL_HEADERS = new Set([
  ...["content-type", "cache-control", "vary", "x-content-type-options", "strict-transport-security"],
  ...["referrer-policy", "content-security-policy", "cross-origin-resource-policy", "content-encoding"],
  ...["access-control-expose-headers", "deprecation"],
]);

/** The headers are declared and fit, and those that the contract promises are there. */
export function expectHeaders(operation: Operation, { request, response }: Exchange): void {
  const { status, headers, body } = response;
  const declared = headersOf(operation, status);
  for (const [name, value] of Object.entries(headers)) {
    if (USUAL_HEADERS.has(name)) continue;
    const schema = declared.get(name);
    if (schema === undefined)
      throw new Error(`${operation.operationId} ${status}: no header ${name} is described`);
    const validate = validators.get(schema) ?? ajv.compile(schema);
    validators.set(schema, validate);
    if (!validate(value))
      throw new Error(`${operation.operationId} ${name}: ${ajv.errorsText(validate.errors)}`);
  }
  const asked = request.headers?.["x-request-id"] ?? "";
  const isWellFormed = /^[A-Za-z0-9._-]{1,128}$/.test(asked);
  expect(headers["x-request-id"]).toBe(isWellFormed ? asked : "lambda-request-1");
  expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  expect(headers["cache-control"]).toMatch(status < 400 ? /private|public|no-store/ : /^no-store$/);
  if (operation.security?.some((one) => one.accessToken !== undefined)) {
    const allowed = "https://app.example.com";
    const isAllowed = request.headers?.origin === allowed;
    expect(headers["access-control-allow-origin"]).toBe(isAllowed ? allowed : undefined);
  }
  if (status >= 400) {
    expect(body).toMatchObject({ status, instance: headers["x-request-id"] });
    if (status === 429 || status === 503) expect(headers["retry-after"]).toBe(String(body.retryAfter));
    if (body.code.startsWith("token_")) expect(headers["www-authenticate"]).toMatch(/^Bearer/);
  } else if (status !== 204 && operation.method === "GET" && headers["cache-control"] !== "no-store") {
    expect(headers.etag).toMatch(/^(W\/)?"[\w-]+"$/);
  }
  if (status === 201 || status === 202) expect(headers.location).toMatch(/^\/v1\//);
  if (status === 200 && isPagedIn(operation) && body.page.hasMore) {
    expect(headers.link).toMatch(/^<[^>]+>; rel="next"$/);
  }
}

/** The OpenAPI file says as much; other faults are beyond a schema, such as a number that no country has. */
const isOfSchema = ({ in: place, code }: FieldError) =>
  place === "header" || ["unknown", "type", "too_long", "out_of_range"].includes(code);

const errorsOf = ({ body }: TestResponse): FieldError[] => body?.errors ?? [];

/** A request that fits the file has no fault that the file could have told. */
export function expectFair(
  operation: Operation,
  { mutations }: GeneratedRequest,
  { response }: Exchange,
): void {
  const { status } = response;
  if (mutations.length > 0) return;
  expect(errorsOf(response).filter(isOfSchema)).toEqual([]);
  expect([401, 413, 415]).not.toContain(isWebhook(operation) ? 0 : status);
}

/** A call as the twin saw it. */
type Call = Pick<LoggedRequest, "method" | "path" | "query" | "headers">;

interface Declared {
  method: string;
  path: RegExp;
}
const IDS = { accountId: "(?<accountId>[^/]+)", extensionId: "(?<extensionId>[^/]+)" };

/** The calls that the client in lib/ringcentral can make. */
const declaredCalls: readonly Declared[] = [
  ...Object.values(numbers),
  ...Object.values(callHandling),
].flatMap((one) => {
  if (typeof one !== "object") return [];
  const root = one.path.startsWith("/v2/") ? "/restapi" : "/restapi/v1.0";
  const path = `${root}${one.path}`.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "accountId" || name === "extensionId") return IDS[name];
    return one.bulkId === name ? "[\\w-]{1,64}(,[\\w-]{1,64}){0,29}" : "[\\w-]{1,64}";
  });
  return [{ method: one.method, path: new RegExp(`^${path}$`) }];
});
const isTokenCall = ({ method, path }: Call) =>
  method === "POST" && /^\/restapi\/oauth\/(token|revoke)$/.test(path);

/** A rejection by the API's own rules, before there is anything to ask RingCentral. */
const REJECTIONS: ReadonlySet<string> = new Set([
  ...[
    "request_invalid",
    "cursor_invalid",
    "token_missing",
    "token_invalid",
    "token_expired",
    "scope_missing",
  ],
  ...["account_forbidden", "extension_forbidden", "media_type_unsupported", "body_too_large"],
  ...["idempotency_key_reused", "confirmation_required"],
]);

/** The extension that the bearer's own calls are for. */
const OWN: Readonly<Record<string, string>> = { otherUser: SEED.otherExtensionId };

/** A request with its response. */
export interface Judged extends Exchange {
  operation: Operation;
  generated: GeneratedRequest;
}

/**
 * Every call is one that the client declares, for the caller's own account, and the extension that the request names or
 * that is the caller's own. A rejected request has none; one that only the present state shows to be invalid may have read
 * that: a number in a change is no fault where it stands already.
 * @param before requests before it: of calls at the same time, one may leave after the response that another decided
 */
export function expectCalls(
  calls: readonly LoggedRequest[],
  judged: Judged,
  before: readonly Judged[],
): void {
  for (const call of calls) {
    if (isTokenCall(call)) continue;
    const reason = reasonAgainst(call, judged);
    if (reason === undefined || before.some((one) => reasonAgainst(call, one) === undefined)) continue;
    const { operation, response } = judged;
    const where = `${operation.operationId} ${response.status} ${response.body?.code ?? ""}`;
    throw new Error(`${where}: ${reason}: ${call.method} ${call.path}`);
  }
}

/** The same of one call, for requests of which only the extensions are known. */
export function expectDeclared(call: Call, extensions: readonly string[]): void {
  const reason = isTokenCall(call) ? undefined : strayIn(call, extensions);
  if (reason !== undefined) throw new Error(`${reason}: ${call.method} ${call.path}`);
}

function reasonAgainst(call: LoggedRequest, { generated, request, response }: Judged): string | undefined {
  const mayRead = response.body?.code === "request_invalid" && !errorsOf(response).some(isOfSchema);
  const isRejected = REJECTIONS.has(response.body?.code) && !(mayRead && call.method === "GET");
  if (isRejected) return "it is rejected, but called";
  const { token } = generated;
  const own = (typeof token === "string" && OWN[token]) || SEED.extensionId;
  const named = request.path?.extensionId ?? new URLSearchParams(request.query).get("extension") ?? "me";
  const mayName = token === "admin" || !("extensionId" in (request.path ?? {}));
  return strayIn(call, mayName ? [own, named] : [own]);
}

function strayIn(call: Call, extensions: readonly string[]): string | undefined {
  const found = declaredCalls.find(({ method, path }) => method === call.method && path.test(call.path));
  if (found === undefined) return "no call that the client declares";
  const { accountId, extensionId } = found.path.exec(call.path)?.groups ?? {};
  if (accountId !== undefined && accountId !== SEED.accountId) return "another account";
  if (extensionId !== undefined && !extensions.includes(extensionId)) return "another extension";
  if ("access_token" in call.query || "x-http-method-override" in call.headers) return "it has stray fields";
  return undefined;
}

/** National and international, with any separators: the numbers of the simulated account and of the requests. */
const PHONE_NUMBER = /(?:202|650|800)[^\dA-Za-z"]{0,2}555[^\dA-Za-z"]{0,2}01\d\d/;
const E164 = /\+\d{7,15}/;
const E_MAIL = /[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}/i;

/** @throws Error when a line holds a secret, a token, a full phone number or an e-mail */
export function expectDiscreet(text: string, secrets: readonly string[]): void {
  if (text === "") return;
  const found = secrets.find((secret) => text.includes(secret));
  const personal = [PHONE_NUMBER, E164, E_MAIL].map((pattern) => pattern.exec(text)?.[0]).find(Boolean);
  if (found !== undefined)
    throw new Error(`a secret is logged (${found.slice(0, 4)}…): ${text.slice(0, 2_000)}`);
  if (personal !== undefined) throw new Error(`${personal} is logged: ${text.slice(0, 2_000)}`);
}
