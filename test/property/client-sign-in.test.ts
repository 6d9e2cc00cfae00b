import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SignIn, SignInError } from "../../lib/client/src/index.ts";
import { json } from "../unit/client/fake-api.ts";

const ISSUER = "https://api.example";
const RUNS = Number(process.env.DEEP_RUNS ?? 300);

/** What an app does in one of its tabs, and what happens meanwhile. */
const steps = fc.array(
  fc.record({
    tab: fc.nat(2),
    what: fc.constantFrom("use", "use", "use", "rejected", "ages", "signs out", "is ended"),
    answer: fc.constantFrom("served", "served", "served", "served", "lost", "not reached", "unavailable"),
  }),
  { minLength: 1, maxLength: 25 },
);

/**
 * A server whose refresh tokens work once: the second use of one ends the session, but not within a minute while its
 * successors are unused.
 */
class Server {
  readonly sent: string[] = [];
  readonly served = new Set<string>();
  /** Those whose use had no response. */
  readonly #lost = new Set<string>();
  readonly #successors = new Map<string, string[]>();
  #last = { token: "", at: 0 };
  now = 0;
  readonly faults: string[] = [];
  isOver = false;
  answers: string[] = [];
  #inFlight = new Set<string>();

  async respond(request: Request, arrive: () => Promise<void>): Promise<Response> {
    if (request.url.endsWith("/openid-configuration")) {
      const [token_endpoint, revocation_endpoint] = [`${ISSUER}/token`, `${ISSUER}/revoke`];
      return json({ issuer: ISSUER, token_endpoint, revocation_endpoint });
    }
    const fields = new URLSearchParams(await request.text());
    const token = fields.get("refresh_token") ?? fields.get("token") ?? "";
    if (request.url.endsWith("/revoke")) {
      this.isOver = true;
      return json({});
    }
    if (this.#inFlight.has(token)) this.faults.push(`${token} was sent twice at once`);
    if (this.served.has(token) && !this.#lost.has(token)) this.faults.push(`${token} was sent again`);
    this.#inFlight.add(token);
    this.sent.push(token);
    await arrive();
    const answer = this.answers.shift();
    const response = this.#decide(token, answer);
    await arrive();
    this.#inFlight.delete(token);
    if (response === undefined) throw new TypeError("fetch failed");
    return response;
  }

  #decide(token: string, answer: string | undefined): Response | undefined {
    if (answer === "not reached") return undefined;
    if (answer === "unavailable") return json({ error: "temporarily_unavailable" }, {}, 503);
    const isNext = this.#last.token === "" || this.#successors.get(this.#last.token)?.includes(token);
    if (isNext) this.#last = { token, at: this.now };
    else if (this.#last.token !== token || this.now - this.#last.at >= 60_000) this.isOver = true;
    if (this.isOver) return json({ error: "invalid_grant" }, {}, 400);
    this.served.add(token);
    const given = this.#successors.get(token) ?? [];
    const next = `${this.served.size}${"abcdef"[given.length]}`;
    this.#successors.set(token, [...given, `refresh-${next}`]);
    if (answer === "lost") {
      this.#lost.add(token);
      return undefined;
    }
    this.#lost.delete(token);
    return json({ access_token: `access-${next}`, refresh_token: `refresh-${next}`, expires_in: 900 });
  }
}

/** Three tabs with one storage and one lock. */
function openTabs(scheduler: fc.Scheduler, server: Server) {
  const items = new Map([
    [
      "ringfront-sign-in",
      JSON.stringify({ accessToken: "access-0", refreshToken: "refresh-0", expiresAt: 900_000 }),
    ],
  ]);
  const clock = { now: 0 };
  const told: string[] = [];
  const pause = async () => void (await scheduler.schedule(Promise.resolve()));
  let last: Promise<void> = Promise.resolve();
  const lock = (_: string, task: () => Promise<void>) => (last = last.then(task));
  const tabs = [0, 1, 2].map(
    () =>
      new SignIn({
        issuer: ISSUER,
        clientId: "app",
        redirectUri: "app:/",
        openUrl: () => undefined,
        storage: {
          getItem: async (key) => {
            await pause();
            return items.get(key) ?? null;
          },
          setItem: async (key, value) => {
            await pause();
            items.set(key, value);
          },
          removeItem: async (key) => {
            await pause();
            items.delete(key);
          },
        },
        lock,
        fetch: (request) => server.respond(request, pause),
        now: () => clock.now,
        onSignInRequired: () => void told.push(server.isOver ? "rightly" : "wrongly"),
      }),
  );
  return { tabs, items, clock, told };
}

describe("a session in several tabs", () => {
  test("renews one at a time, uses no refresh token again, and ends only when the server or the user ends it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, plan) => {
        const server = new Server();
        server.answers = plan.map(({ answer }) => answer);
        const { tabs, items, clock, told } = openTabs(scheduler, server);
        let reasons = 0;
        let isSignedOut = false;
        const act = async ({ tab, what }: (typeof plan)[number]) => {
          const signIn = tabs[tab] ?? tabs[0];
          if (what === "ages") {
            reasons += 1;
            clock.now += 900_000;
            server.now = clock.now;
          } else if (what === "is ended") server.isOver = true;
          else if (what === "signs out") {
            isSignedOut = true;
            await signIn?.signOut();
          } else {
            const token = await signIn?.accessToken();
            if (what !== "rejected" || token === undefined) return;
            reasons += 1;
            expect(await signIn?.accessToken({ rejected: token })).not.toBe(token);
          }
        };
        const failures: unknown[] = [];
        const acts = plan.map((step) => act(step).catch((error: unknown) => void failures.push(error)));
        await scheduler.waitFor(Promise.all(acts));

        expect(server.faults).toEqual([]);
        expect(told.filter((how) => how === "wrongly")).toEqual([]);
        expect(server.served.size).toBeLessThanOrEqual(reasons);
        const expected = (error: unknown) =>
          (error instanceof SignInError && error.code === "sign_in_required") ||
          (error instanceof Error && ["HttpError", "TypeError"].includes(error.name));
        expect(failures.filter((error) => !expected(error))).toEqual([]);
        if (server.isOver || isSignedOut) return;
        // All tabs go on with the last session.
        server.answers = [];
        const used = await scheduler.waitFor(Promise.all(tabs.map((signIn) => signIn.accessToken())));
        expect(new Set(used).size).toBe(1);
        expect(items.get("ringfront-sign-in")).toContain(`"${used[0]}"`);
      }),
      { numRuns: RUNS },
    );
  });
});
