// An app that has installed the client's package, compiled and run outside this project. test/e2e/client.test.ts checks
// its results in Node, test/browser/client.test.ts in Chromium.
import {
  createClient,
  isProblem,
  type PhoneNumber,
  PhoneNumberMirror,
  unwrap,
  WriteQueue,
} from "ringfront-client";

export interface TourOptions {
  apiUrl: string;
  tokens: { user: string; admin: string };
  /** Any number that is not blocked yet. */
  newNumber: string;
  foreignExtensionId: string;
}

const me = { path: { extensionId: "me" } };

export async function tour({ apiUrl, tokens, newNumber, foreignExtensionId }: TourOptions) {
  const user = createClient({ baseUrl: apiUrl, accessToken: tokens.user });
  const admin = createClient({ baseUrl: apiUrl, accessToken: () => tokens.admin });
  return {
    blockedOnce: await blockOverUnreliableNetwork(apiUrl, tokens.user, newNumber),
    queued: await blockOffline(apiUrl, tokens.user, newNumber),
    read: await readTwice(apiUrl, tokens.user),
    replayed: await replay(user),
    paged: await pageThrough(admin),
    rejected: await expectRejection(user, foreignExtensionId),
    fieldErrors: await misspell(user),
    mirrored: await mirror(admin),
    renewed: await renew(apiUrl, tokens.user),
  };
}

type Api = ReturnType<typeof createClient>;

/** The API's first response is lost; the write must not take effect twice. */
async function blockOverUnreliableNetwork(apiUrl: string, accessToken: string, phoneNumber: string) {
  let lost = 0;
  const client = createClient({
    baseUrl: apiUrl,
    accessToken,
    fetch: async (request) => {
      const response = await fetch(request);
      if (request.method === "POST" && lost++ === 0) throw new TypeError("the connection was lost");
      return response;
    },
  });
  const path = "/v1/extensions/{extensionId}/blocked-numbers";
  const { data: added } = unwrap(await client.POST(path, { params: me, body: { phoneNumber } }));
  let seen = 0;
  for await (const number of client.items(path, { params: me })) {
    if (number.phoneNumber === phoneNumber) seen += 1;
  }
  const one = { path: { extensionId: "me", id: added.id } };
  const { response } = await client.DELETE(`${path}/{id}`, { params: one });
  return { lost, id: added.id, seen, unblocked: response.status };
}

/** The write is queued, its response is lost, and the app starts again. */
async function blockOffline(baseUrl: string, accessToken: string, phoneNumber: string) {
  const items = new Map<string, string>();
  let isOnline = false;
  const outcomes: string[] = [];
  const start = () =>
    new WriteQueue({
      baseUrl,
      accessToken,
      retries: false,
      storage: {
        getItem: (key) => items.get(key) ?? null,
        setItem: (key, value) => void items.set(key, value),
      },
      onSettled: ({ outcome }) => void outcomes.push(outcome),
      fetch: async (request) => {
        const response = await fetch(request);
        if (!isOnline) throw new TypeError("the connection was lost");
        return response;
      },
    });
  const queue = start();
  const path = "/v1/extensions/{extensionId}/blocked-numbers";
  await queue.add((api) => api.POST(path, { params: me, body: { phoneNumber } }));
  const first = await queue.flush();
  isOnline = true;
  return { first, second: await start().flush(), outcomes };
}

async function readTwice(baseUrl: string, accessToken: string) {
  const statuses: number[] = [];
  const client = createClient({
    baseUrl,
    accessToken,
    fetch: async (request) => {
      const response = await fetch(request);
      statuses.push(response.status);
      return response;
    },
  });
  const path = "/v1/extensions/{extensionId}/forwarding-numbers";
  const [first, second] = [await client.GET(path, { params: me }), await client.GET(path, { params: me })];
  return { statuses, same: JSON.stringify(unwrap(first)) === JSON.stringify(unwrap(second)) };
}

async function replay(client: Api) {
  const path = "/v1/extensions/{extensionId}/forwarding-numbers";
  const headers = { "Idempotency-Key": `tour-${Math.random()}` };
  // No number of the sample account: a number is listed once.
  const body = { phoneNumber: "(312) 555-0147", country: "US", label: `Cabin ${Math.random()}`.slice(0, 20) };
  const first = await client.POST(path, { params: me, body, headers });
  const second = await client.POST(path, { params: me, body, headers });
  const { id } = unwrap(first).data;
  const one = { path: { extensionId: "me", forwardingNumberId: id } };
  const removal = await client.DELETE(`${path}/{forwardingNumberId}`, { params: one });
  return {
    same: id === unwrap(second).data.id,
    marked: second.response.headers.get("Idempotency-Replayed"),
    removed: removal.response.status,
  };
}

async function pageThrough(client: Api) {
  const ids = new Set<string>();
  const params = { query: { limit: 3, usageType: ["DirectNumber" as const, "MainCompanyNumber" as const] } };
  let items = 0;
  for await (const number of client.items("/v1/account/phone-numbers", { params })) {
    items += 1;
    ids.add(number.id);
  }
  const { page } = unwrap(await client.GET("/v1/account/phone-numbers", { params }));
  return { items, distinct: ids.size, total: page.total };
}

async function expectRejection(client: Api, extensionId: string) {
  try {
    const path = "/v1/extensions/{extensionId}/caller-blocking";
    unwrap(await client.GET(path, { params: { path: { extensionId } } }));
    return "not at all";
  } catch (error) {
    if (!isProblem(error, "extension_forbidden", "scope_missing")) throw error;
    return { code: error.code, status: error.status, hasRequestId: error.requestId !== undefined };
  }
}

async function misspell(client: Api) {
  const { error } = await client.POST("/v1/extensions/{extensionId}/blocked-numbers", {
    params: me,
    // A fault for the API to find: a type accepts any object that has the required fields.
    body: { phoneNumber: "+12025550100", lable: "Typo" },
  });
  return error?.errors?.map(({ field, code }) => ({ field, code }));
}

async function mirror(client: Api) {
  const numbers = new PhoneNumberMirror(client);
  await numbers.refresh();
  const changes = await numbers.refresh();
  const first: PhoneNumber | undefined = numbers.numbers.values().next().value;
  return { size: numbers.numbers.size, changes, hasNumber: first?.phoneNumber.startsWith("+") };
}

/** Mistakes that the types reject; only compiled. */
export function mistakes(client: Api) {
  // @ts-expect-error: no such path
  void client.GET("/v1/blocked-numbers");
  // @ts-expect-error: an extension must be named
  void client.GET("/v1/extensions/{extensionId}/blocked-numbers", { params: {} });
  // @ts-expect-error: numbers are text
  void client.POST("/v1/extensions/{extensionId}/blocked-numbers", { params: me, body: { phoneNumber: 12 } });
  // @ts-expect-error: no such type
  void client.GET("/v1/account/phone-numbers", { params: { query: { type: ["Pigeon"] } } });
  // @ts-expect-error: settings are no list
  void client.items("/v1/limits");
  // @ts-expect-error: no such code
  isProblem(new Error(), "out_of_luck");
}

/** The app's token expired since it was last used. */
async function renew(apiUrl: string, good: string) {
  const asked: boolean[] = [];
  const client = createClient({
    baseUrl: apiUrl,
    accessToken: ({ renew }) => {
      asked.push(renew);
      return renew ? good : "of yesterday";
    },
    fetch: async (request) => {
      if (asked.length > 1) return fetch(request);
      const problem = { code: "token_expired", status: 401, title: "", detail: "", retryable: false };
      const headers = { "Content-Type": "application/problem+json" };
      return new Response(JSON.stringify(problem), { status: 401, headers });
    },
  });
  const { response } = await client.GET("/v1/extensions/{extensionId}/overview", { params: me });
  return { asked, status: response.status };
}
