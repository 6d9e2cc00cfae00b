import { stripTypeScriptTypes } from "node:module";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClient, isProblem, PhoneNumberMirror, unwrap } from "../../lib/client/src/index.ts";
import { codeIn } from "../support/client-app.ts";
import { inProcessFetch } from "../support/in-process-fetch.ts";
import { type Service, startService } from "../support/service.ts";
import { syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";

let service: Service;
let sync: SyncServices;
beforeAll(async () => {
  service = await startService();
  sync = await startSyncServices();
  await syncLab(service, sync).syncNow();
});
afterAll(async () => {
  await sync.stop();
  await service.stop();
});
beforeEach(() => service.forget());

const guide = (name: string) => `docs/guides/${name}.md`;
const ofTypeScript = ["auth", "paging", "errors", "idempotency", "caching", "change-feed"] as const;

/** What the samples leave behind, by the names that they give it. */
const results: Record<(typeof ofTypeScript)[number], Record<string, unknown>> = {
  auth: { client: expect.objectContaining({ GET: expect.any(Function) }) },
  paging: { numbers: ["+12025550143", "+12025550177", "+12025550162"] },
  errors: {},
  idempotency: {
    first: { data: expect.objectContaining({ phoneNumber: "+12025550147" }) },
    isReplay: true,
    batch: expect.objectContaining({ complete: true }),
    failed: [],
  },
  caching: { status: 304, changed: expect.objectContaining({ type: "Mobile", flipNumber: 4 }) },
  "change-feed": { frontDesk: expect.objectContaining({ phoneNumber: "+16505550110" }) },
};

/** Runs a guide's TypeScript with the client that its readers have, on the handlers in this process. */
async function run(name: (typeof ofTypeScript)[number]) {
  const shown: unknown[] = [];
  const scope = {
    createClient,
    isProblem,
    PhoneNumberMirror,
    unwrap,
    ringfront: createClient({
      baseUrl: "https://api.example.com",
      accessToken: service.tokens[name === "change-feed" ? "admin" : "user"],
      fetch: inProcessFetch,
    }),
    me: { path: { extensionId: "me" } },
    session: { accessToken: async () => service.tokens.user },
    show: (errors: unknown) => shown.push(errors),
    tryLater: () => {},
  };
  const code = stripTypeScriptTypes(codeIn(guide(name), "ts").join("\n"));
  const names = Object.keys(results[name]).join(", ");
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  const left = await new AsyncFunction(...Object.keys(scope), `${code}\nreturn { ${names} };`)(
    ...Object.values(scope),
  );
  return { left, shown };
}

describe("the TypeScript of the guide", () => {
  test.each(ofTypeScript)("%s does what it says", async (name) => {
    const { left, shown } = await run(name);
    expect(left).toMatchObject(results[name]);
    if (name === "errors") expect(shown).toMatchObject([[{ in: "body", field: "phoneNumber" }]]);
  });
});

/** A request as a guide writes it: a line, headers, and a body after an empty line. */
function parse(text: string): Request {
  const [head = "", body] = text.trim().split("\n\n");
  const [line = "", ...headers] = head.split("\n");
  const [, method = "", target = ""] = /^(\w+) (\S+) HTTP\/1\.1$/.exec(line) ?? [];
  const sent = new Headers(
    headers.map((header): [string, string] => [
      header.split(": ")[0] ?? "",
      header.slice(header.indexOf(": ") + 2),
    ]),
  );
  if (sent.has("authorization")) {
    const isOfCompany = target.startsWith("/v1/account");
    sent.set("authorization", `Bearer ${service.tokens[isOfCompany ? "admin" : "user"]}`);
  }
  return new Request(`https://api.example.com${target}`, { method, headers: sent, ...(body && { body }) });
}

describe("the HTTP of the guide", () => {
  test.each(["auth", "paging", "errors", "idempotency", "caching", "change-feed", "versioning"])(
    "%s gets the response that it shows",
    async (name) => {
      let last: Response | undefined;
      for (const block of codeIn(guide(name), "http")) {
        const [, status] = /^HTTP\/1\.1 (\d+)/.exec(block) ?? [];
        if (status === undefined) last = await inProcessFetch(parse(block));
        const shown = block.match(/^[\w-]+(?=: )/gm) ?? [];
        if (status === undefined) expect(last?.status).toBeLessThan(name === "errors" ? 401 : 400);
        else {
          expect(last?.status).toBe(Number(status));
          expect(shown.filter((header) => !last?.headers.has(header))).toEqual([]);
        }
      }
      expect(last).toBeDefined();
    },
  );
});
