import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod/mini";
import { Extension, Person } from "../../lib/contract/people.ts";
import { UsageError } from "../local/command-line.ts";

/** Times that a request is sent again when the API says when to. */
const MAX_RETRIES = 5;

const Problem = z.object({ code: z.string(), detail: z.string(), retryAfter: z.optional(z.number()) });
const PageOf = z.object({
  data: z.array(z.unknown()),
  page: z.object({ nextCursor: z.optional(z.string()) }),
});

export type PeopleApi = ReturnType<typeof connect>;

/** The people routes of a running API, as an administrator. */
export function connect(apiUrl: string, token: string) {
  async function send(method: "GET" | "PUT" | "DELETE", path: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    for (let attempt = 0; ; attempt += 1) {
      const response = await fetch(`${apiUrl}${path}`, init).catch(() => {
        throw new UsageError(`Nothing listens at ${apiUrl}.`);
      });
      const text = await response.text();
      if (response.ok) return text === "" ? undefined : JSON.parse(text);
      const problem = readProblem(text);
      const { retryAfter } = problem;
      if (retryAfter === undefined || attempt === MAX_RETRIES) {
        throw new UsageError(`${method} ${path}: ${response.status} ${problem.code}. ${problem.detail}`);
      }
      await pause(retryAfter * 1000);
    }
  }

  async function readAll<Item>(path: string, schema: z.ZodMiniType<Item>): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor = ""; ; ) {
      const { data, page } = PageOf.parse(await send("GET", `${path}?limit=1000${cursor}`));
      items.push(...z.array(schema).parse(data));
      if (page.nextCursor === undefined) return items;
      cursor = `&cursor=${page.nextCursor}`;
    }
  }

  return {
    /** @throws UsageError with the API's problem */
    extensions: () => readAll("/v1/extensions", Extension),
    people: () => readAll("/v1/people", Person),
    put: (personId: string, body: object) => send("PUT", `/v1/people/${personId}`, body),
    remove: (personId: string) => send("DELETE", `/v1/people/${personId}`),
  };
}

function readProblem(text: string): z.output<typeof Problem> {
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    return { code: "no problem document", detail: text.slice(0, 200) };
  }
}
