import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../infra/build/bundle.ts";
import { functions } from "../../infra/resources/functions.ts";
import { type Route, scopes } from "../../lib/contract/route.ts";
import { routes } from "../../lib/contract/routes.ts";
import type { ApiHandler } from "../../lib/http/middleware-stack.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { forgedTokens } from "../support/forged-tokens.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

/** Valid tokens, by what they hold. `all` is what an administrator may have; `extension` says whether one is named. */
const all = Object.keys(scopes);
const holders = {
  reader: { scopes: ["numbers:read"], hasExtension: true },
  user: { scopes: ["numbers:read", "numbers:write"], hasExtension: true },
  "user with every scope but account:manage": {
    scopes: all.filter((scope) => scope !== "account:manage"),
    hasExtension: true,
  },
  administrator: { scopes: all, hasExtension: true },
  "service without account:manage": {
    scopes: all.filter((scope) => scope !== "account:manage"),
    hasExtension: false,
  },
  "service with account:manage": { scopes: all, hasExtension: false },
  "token without scopes": { scopes: [], hasExtension: true },
} as const;
type Holder = keyof typeof holders;
const targets = { me: "me", "own id": SEED.extensionId, "another's id": SEED.otherExtensionId };
type Target = keyof typeof targets;

const WELL_SERVED = "yes";
const list: readonly Route[] = routes;
const hasExtension = (route: Route) => route.path.includes("{extensionId}");
const isPublic = (route: Route) => route.scope === undefined;

/** The rules of the contract, in the order in which they are checked. */
function expected(route: Route, holder: Holder, target: Target, isForeign: boolean): string {
  const { scopes: held, hasExtension: namesOne } = holders[holder];
  const owned: readonly string[] = held;
  if (isPublic(route)) return WELL_SERVED;
  if (isForeign) return "403 account_forbidden";
  if (route.scope !== undefined && route.scope !== "any" && !owned.includes(route.scope))
    return "403 scope_missing";
  if (!hasExtension(route)) return WELL_SERVED;
  if (target === "me") return namesOne ? WELL_SERVED : "403 extension_forbidden";
  const isOwn = target === "own id" && namesOne;
  return isOwn || owned.includes("account:manage") ? WELL_SERVED : "403 extension_forbidden";
}

let service: Service;
const handlers = new Map<string, ApiHandler>();
const bad = new Map<string, string | undefined>();
const badOutcomes = {
  "no token": "401 token_missing",
  "a forged token": "401 token_invalid",
  "an expired token": "401 token_expired",
  "an ID token": "401 token_invalid",
  "a token for another audience": "401 token_invalid",
} as const;

beforeAll(async () => {
  service = await startService();
  // There are none: an outcome that needs RingCentral's credentials or the table cannot come about.
  process.env.AWS_ENDPOINT_URL_DYNAMODB = "http://127.0.0.1:9";
  process.env.RINGCENTRAL_SECRET_ID = "ringfront/test/nothing";
  resetRuntime();
  for (const { key, file, route } of functions) {
    if (route === undefined) continue;
    const { handler } = await import(join(projectRoot, `functions/${file}.ts`));
    handlers.set(key, handler);
  }
  const past = Math.floor(Date.now() / 1000) - 600;
  const everything = { scope: all.join(" ") };
  bad.set("no token", undefined);
  bad.set("a forged token", (await forgedTokens(service.tokens.admin, service.issuer.url))["another key"]);
  bad.set("an expired token", await service.mint({ ...everything, iat: past - 60, exp: past }));
  bad.set("an ID token", await service.mint({ ...everything, token_use: "id" }));
  bad.set("a token for another audience", await service.mint({ ...everything, aud: "another" }));
});
afterAll(() => service.stop());

/**
 * What a route makes of a token. The request has a parameter that no route knows, so that a caller who is let in gets
 * 400 before anything is read or done.
 */
async function outcome(route: Route, token: string | undefined, target: Target): Promise<string> {
  const handler = handlers.get(route.operationId);
  if (handler === undefined) throw new Error(`no handler of ${route.operationId}`);
  const { status, body } = await invoke(handler, route, {
    path: { extensionId: targets[target] },
    query: "unknown=1",
    ...(token !== undefined && { token }),
    ...(route.body !== undefined && { body: {} }),
  });
  // A page takes any query, and these tests have no build to serve it from.
  const isServed =
    route.response.kind === "page"
      ? status !== 401 && status !== 403
      : status === 400 && body.code === "request_invalid";
  return isServed ? WELL_SERVED : `${status} ${body.code}`;
}

const targetsOf = (route: Route) =>
  (Object.keys(targets) as Target[]).filter((target) => target === "me" || hasExtension(route));

const guarded = list.filter((route) => route.isWebhook === undefined);

test.each(guarded)("$method $path lets in exactly the callers that the contract names", async (route) => {
  const wrong: string[] = [];
  const check = (what: string, actual: string, right: string) => {
    if (actual !== right) wrong.push(`${what}: ${actual}, not ${right}`);
  };
  for (const target of targetsOf(route)) {
    for (const [kind, right] of Object.entries(badOutcomes)) {
      check(
        `${kind}, ${target}`,
        await outcome(route, bad.get(kind), target),
        isPublic(route) ? WELL_SERVED : right,
      );
    }
    for (const holder of Object.keys(holders) as Holder[]) {
      for (const isForeign of [false, true]) {
        const { scopes: held, hasExtension: namesOne } = holders[holder];
        const token = await service.mint({
          scope: held.join(" "),
          rc_extension_id: namesOne ? SEED.extensionId : undefined,
          rc_account_id: isForeign ? "3799999" : SEED.accountId,
          // A service's token is its client's own.
          ...(!namesOne && { sub: "service", client_id: "service" }),
        });
        const right = expected(route, holder, target, isForeign);
        check(
          `${holder}, ${target}${isForeign ? ", foreign account" : ""}`,
          await outcome(route, token, target),
          right,
        );
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(service.sent()).toEqual([]);
});

/** One row per route and target; the holders whose outcomes are the same share a cell. */
function page(): string {
  const names = Object.keys(holders) as Holder[];
  const rows = guarded
    .filter((route) => !isPublic(route))
    .flatMap((route) =>
      targetsOf(route).map((target) => [
        `\`${route.method} ${route.path}\``,
        hasExtension(route) ? target : "",
        `\`${route.scope}\``,
        ...names.map((holder) => expected(route, holder, target, false).replace(/^403 (.*)/, "`$1`")),
      ]),
    );
  const head = ["route", "extension", "scope", ...names];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const open = list.filter((route) => isPublic(route) && route.isWebhook === undefined);
  return `# Who may call what

Every route, with every kind of token. \`test/integration/authorization-matrix.test.ts\` asks each function, and writes this page with
\`vitest -u\`.
"yes": the request is served if it is well formed. A code: it is rejected with 403, before its query and body are looked at and
before anything is read or spent.

${line(head)}
${line(head.map(() => "---"))}
${rows.map(line).join("\n")}

Every route above rejects in the same way:

| token | response |
| --- | --- |
${Object.entries(badOutcomes)
  .map(([kind, result]) => line([kind, `\`${result}\``]))
  .join("\n")}
| any of the tokens above, of an account that is not served here | \`403 account_forbidden\` |

These need no token: ${open.map((route) => `\`${route.method} ${route.path}\``).join(", ")}. RingCentral alone calls
\`POST /v1/webhooks/ringcentral\`, with the verification token of our subscription.
`;
}

test("docs/authorization.md shows the same", async () => {
  await expect(page()).toMatchFileSnapshot(join(projectRoot, "docs/authorization.md"));
});
