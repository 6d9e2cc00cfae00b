import type { Route } from "../../../lib/contract/route.ts";
import { SEED } from "../../twin/twin.ts";
import type { TestRequest, TestResponse } from "../api-gateway.ts";
import { forgedTokens } from "../forged-tokens.ts";
import { apiRoutes, callRoute } from "../handlers.ts";
import type { Service } from "../service.ts";
import type { Operation } from "./document.ts";
import type { CursorChoice, GeneratedRequest, TagChoice, TokenChoice } from "./request.ts";

/** Tokens that must be rejected: forged, expired, of another account, issuer or audience. */
async function rejectedTokens({ tokens, issuer, mint }: Service): Promise<string[]> {
  const seconds = Math.floor(Date.now() / 1000);
  const minted = [
    { exp: seconds - 60 },
    { nbf: seconds + 600 },
    { aud: "another" },
    { iss: "https://issuer.example" },
    { rc_account_id: SEED.otherAccountId },
    { rc_account_id: "3700111 " },
    { rc_account_id: 3_700_111 },
    { rc_extension_id: "~" },
    { rc_extension_id: ["3800222"] },
    { rc_extension_id: SEED.otherAccountExtensionId, rc_account_id: SEED.otherAccountId },
    { scope: undefined },
    { scope: "numbers:readnumbers:write" },
    { sub: undefined },
  ];
  const forged = [tokens.user, tokens.admin].map((token) => forgedTokens(token, issuer.url));
  return [
    ...(await Promise.all(forged)).flatMap((byFault) => Object.values(byFault)),
    ...(await Promise.all(minted.map((claims) => mint(claims)))),
  ];
}

export interface Exchange {
  request: TestRequest;
  response: TestResponse;
}

/** Sends generated requests with what an app would have by then: ids, cursors and tags of earlier responses. */
export class Sender {
  readonly #service: Service;
  readonly #rejected: readonly string[];
  readonly #cursors = new Map<string, string>();
  readonly #tags = new Map<string, string>();

  private constructor(service: Service, rejected: readonly string[]) {
    [this.#service, this.#rejected] = [service, rejected];
  }

  static async create(service: Service): Promise<Sender> {
    return new Sender(service, await rejectedTokens(service));
  }

  /** Every token that may be sent. */
  get tokens(): string[] {
    return [...Object.values(this.#service.tokens), ...this.#rejected];
  }

  async send(operation: Operation, generated: GeneratedRequest): Promise<Exchange> {
    const request = this.#settle(operation, generated);
    const response = await callRoute(routeOf(operation), request);
    const { etag } = response.headers;
    if (etag !== undefined) this.#tags.set(operation.operationId, etag);
    const cursor: unknown = response.body?.page?.nextCursor;
    if (typeof cursor === "string") this.#cursors.set(operation.operationId, cursor);
    return { request, response };
  }

  #settle(operation: Operation, generated: GeneratedRequest): TestRequest {
    const { path, query, rawQuery, headers, body, isBase64 = false, token } = generated;
    const ids = this.#existingIds(operation);
    const pairs = query.map(([name, value]) => {
      const text = typeof value === "string" ? value : this.#cursorOf(operation, value);
      return `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`;
    });
    const sent = Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === "string" ? value : this.#tagOf(operation, value),
    ]);
    const authorization = this.#authorizationOf(token);
    return {
      path: Object.fromEntries(
        Object.entries(path).map(([name, value]) => [
          name,
          typeof value === "string" ? value : (ids[value.existing % ids.length] ?? "1"),
        ]),
      ),
      query: [...pairs, rawQuery].filter((part) => part !== "").join("&"),
      headers: { ...Object.fromEntries(sent), ...(authorization !== undefined && { authorization }) },
      ...(body !== undefined && { body }),
      base64: isBase64 && body !== undefined,
    };
  }

  /** Ids that the operation's resource has now. */
  #existingIds({ path }: Operation): string[] {
    const { callerBlocking, forwarding } = this.#service.twin.extension(SEED.extensionId);
    if (path.includes("forwarding")) return forwarding.map(({ id }) => String(id));
    if (path.includes("people")) return ["Ae16mpemmYA2eH_PdxJxE3"];
    return callerBlocking.map(({ id }) => String(id));
  }

  #cursorOf({ operationId }: Operation, { cursor, tamper }: CursorChoice): string {
    const others = [...this.#cursors].filter(([name]) => name !== operationId);
    const given = cursor === "own" ? this.#cursors.get(operationId) : others[0]?.[1];
    if (given === undefined || tamper === undefined) return given ?? "x";
    const at = tamper % given.length;
    return `${given.slice(0, at)}${given[at] === "A" ? "B" : "A"}${given.slice(at + 1)}`;
  }

  #tagOf({ operationId, path }: Operation, { tag }: TagChoice): string {
    const reading = [...this.#tags].find(([name]) => name === operationId || path.endsWith(name));
    const given = reading?.[1] ?? '"x"';
    const plain = given.replace(/^W\//, "");
    const forms = { "as given": given, weak: `W/${plain}`, listed: `"x", ${plain}`, any: "*" };
    return tag === "unquoted" ? plain.replaceAll('"', "") : forms[tag];
  }

  #authorizationOf(token: TokenChoice): string | undefined {
    if (token === "none") return undefined;
    if (typeof token === "string") return `Bearer ${this.#service.tokens[token]}`;
    if ("text" in token) return token.text;
    return `Bearer ${this.#rejected[token.forged % this.#rejected.length]}`;
  }
}

const routes = new Map(apiRoutes.map((route) => [route.operationId, route]));

function routeOf({ operationId }: Operation): Route {
  const route = routes.get(operationId);
  if (route === undefined) throw new Error(`no function of ${operationId}`);
  return route;
}
