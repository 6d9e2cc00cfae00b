import { createHash, randomUUID } from "node:crypto";
import type { TestRequest } from "../support/api-gateway.ts";
import { APP, Browser, ISSUER, signInEvent, visit } from "../support/sign-in-lab.ts";
import { bareExtension } from "../twin/data/seed-people.ts";
import { type FaultRule, SEED } from "../twin/twin.ts";
import type { SoakProcess, World } from "./world.ts";

/** A person who has signed in with RingCentral, and what their app keeps. */
interface SignedIn {
  access: string;
  refresh: string;
}

/** What the hour consisted of. */
export interface Tally {
  requests: number;
  byStatus: Record<number, number>;
  callers: number;
  signIns: number;
  renewals: number;
  syncs: number;
  keyedWrites: number;
}

/** More than any cache of a process holds: the caches are full soon, and then entries leave as others come. */
const CALLERS = 2_400;
const OWN_SESSIONS = 400;
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

/** Gives the company so many more people. @returns their extensions */
function hire({ twin }: World, count: number): string[] {
  const company = twin.state.accounts.get(SEED.accountId);
  return Array.from({ length: count }, (_, n) => {
    const id = String(3_900_000 + n);
    const person = bareExtension(SEED.accountId, id, String(5_000 + n), `Person ${n}`);
    company?.extensions.set(id, { ...person, email: `person.${n}@acme.example` });
    return id;
  });
}

/** A caller of the company's provider; some are known by their e-mail only. */
function companyToken(world: World, extension: string, n: number): string {
  const email = `person.${n}@acme.example`;
  const who = n % 10 === 0 ? { email, email_verified: true } : { rc_extension_id: extension };
  const scope = "numbers:read numbers:write";
  return world.token({ sub: `caller-${n}`, rc_account_id: SEED.accountId, scope, ...who });
}

/** The callers, their apps and the schedules of one simulated hour. */
export class Load {
  readonly #counts = { requests: 0, signIns: 0, renewals: 0, syncs: 0, keyedWrites: 0 };
  readonly #byStatus: Record<number, number> = {};
  readonly #callers = new Set<string>();
  readonly #world: World;
  readonly #processes: readonly SoakProcess[];
  readonly #extensions: string[];
  readonly #tokens: string[];
  readonly #signedIn = new Map<string, SignedIn>();
  #inFlight = 0;
  #edited = 0;
  #lastSignIn = 0;

  constructor(world: World, processes: readonly SoakProcess[]) {
    [this.#world, this.#processes] = [world, processes];
    this.#extensions = hire(world, CALLERS);
    this.#tokens = this.#extensions.map((extension, n) => companyToken(world, extension, n));
  }

  tally(): Tally {
    return { ...this.#counts, byStatus: this.#byStatus, callers: this.#callers.size };
  }

  get requests(): number {
    return this.#counts.requests;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Starts what happens in one second. */
  second(at: number, rate: number): void {
    const { twin, table } = this.#world;
    for (let n = 0; n < rate; n += 1)
      this.#start(() => this.#request(), Math.floor(this.#world.random() * 1_000));
    const isMorning = this.#signedIn.size < OWN_SESSIONS * 0.9;
    if (at % (isMorning ? 2 : 7) === 0) this.#start(() => this.#signIn());
    if (at % 5 === 0) this.#start(() => this.#renew());
    if (at % 300 === 10) this.#start(() => this.#sync("schedule"));
    if (at % 600 === 20) this.#start(() => this.#sync("directory"));
    if (at % 400 === 100) twin.faults.add({ ...this.#pick(FAULTS), probability: 0.2 });
    if (at % 400 === 130) twin.faults.clear();
    if (at % 900 === 500) table.failures = 30;
    if (at % 900 === 515) table.failures = 0;
    if (at % 1_100 === 700) twin.expireTokens();
    if (at === 1_500) this.#world.rotateSecret();
    if (at % 60 === 0) twin.clearRequests();
  }

  #start(act: () => Promise<unknown>, afterMs = 0): void {
    this.#inFlight += 1;
    const run = async () => {
      if (afterMs > 0) await this.#world.time.sleep(afterMs);
      await act();
    };
    void run().finally(() => {
      this.#inFlight -= 1;
    });
  }

  #pick<One>(all: readonly One[]): One {
    const one = all[Math.floor(this.#world.random() * all.length)];
    if (one === undefined) throw new Error("nothing to pick");
    return one;
  }

  async #call(operationId: string, request: TestRequest): Promise<{ status: number; id?: string }> {
    const { status, body } = await this.#pick(this.#processes).call(operationId, request);
    this.#counts.requests += 1;
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    return { status, id: body?.data?.id };
  }

  async #request(): Promise<void> {
    const { random } = this.#world;
    const kind = random();
    if (kind < 0.1) return this.#strange();
    const token = kind < 0.35 ? this.#ownToken() : this.#companyToken();
    const headers: Record<string, string> = random() < 0.3 ? { "cache-control": "no-cache" } : {};
    if (kind > 0.85) return this.#write(token, headers);
    await this.#call(this.#pick(READS), { token, headers, path: { extensionId: "me" } });
  }

  #companyToken(): string {
    const n = Math.floor(this.#world.random() * CALLERS);
    this.#callers.add(`caller-${n}`);
    return this.#tokens[n] ?? "";
  }

  #ownToken(): string {
    const all = [...this.#signedIn.values()];
    return all.length === 0 ? this.#companyToken() : this.#pick(all).access;
  }

  async #write(token: string, headers: Record<string, string>): Promise<void> {
    const { random } = this.#world;
    const key = random() < 0.5 ? { "idempotency-key": random() < 0.2 ? "again" : randomUUID() } : {};
    if ("idempotency-key" in key) this.#counts.keyedWrites += 1;
    const path = { extensionId: "me" };
    const phoneNumber = `+120255501${String(Math.floor(random() * 100)).padStart(2, "0")}`;
    const sent = { token, path, headers: { ...headers, ...key }, body: { phoneNumber, label: "Soak" } };
    const { status, id } = await this.#call("addBlockedNumber", sent);
    if (status !== 201 || id === undefined) return;
    await this.#call("deleteBlockedNumber", { token, path: { ...path, id } });
  }

  /** What is rejected, or meets nothing: each with another name. */
  async #strange(): Promise<void> {
    const stranger = randomUUID();
    const scope = "numbers:read numbers:write";
    const claims = [
      {
        sub: stranger,
        email: `${stranger}@acme.example`,
        email_verified: true,
        rc_account_id: SEED.accountId,
        scope,
      },
      { sub: stranger, rc_account_id: "999", scope },
      { sub: stranger, rc_account_id: SEED.accountId, rc_extension_id: "3800222", scope },
    ];
    const token = this.#pick([this.#world.token(this.#pick(claims)), stranger]);
    const query = this.#pick(["", `q=${stranger}`, `cursor=${stranger}`, `phoneNumber=${stranger}`]);
    await this.#call(this.#pick(READS), { token, query, path: { extensionId: "me" } });
  }

  async #signIn(): Promise<void> {
    const { signIn: serve, twin } = this.#world;
    const extensionId = this.#extensions[this.#lastSignIn % OWN_SESSIONS] ?? "";
    this.#lastSignIn += 1;
    await this.#signOut(extensionId);
    const browser = new Browser();
    const parameters = new URLSearchParams({
      client_id: "acme-app",
      redirect_uri: APP,
      response_type: "code",
      scope: "openid numbers:read numbers:write",
      state: "s",
      code_challenge: CHALLENGE,
      code_challenge_method: "S256",
    });
    const { url } = await visit({ serve }, browser, `/oauth/authorize?${parameters}`);
    if (!url.startsWith("https://twin.test/")) return;
    const back = await twin.signIn(url, extensionId).catch(() => undefined);
    if (back === undefined) return;
    const { url: called } = await visit({ serve }, browser, back);
    const code = URL.canParse(called) ? new URL(called).searchParams.get("code") : null;
    if (code === null) return;
    const fields = { grant_type: "authorization_code", code, redirect_uri: APP, code_verifier: VERIFIER };
    if (await this.#token(extensionId, fields)) this.#counts.signIns += 1;
  }

  async #renew(): Promise<void> {
    const all = [...this.#signedIn];
    if (all.length === 0) return;
    const [extensionId, { refresh }] = this.#pick(all);
    if (this.#world.random() < 0.1) return this.#signOut(extensionId);
    const isRenewed = await this.#token(extensionId, { grant_type: "refresh_token", refresh_token: refresh });
    if (isRenewed) this.#counts.renewals += 1;
    else this.#signedIn.delete(extensionId);
  }

  async #signOut(extensionId: string): Promise<void> {
    const token = this.#signedIn.get(extensionId)?.refresh;
    if (token === undefined) return;
    this.#signedIn.delete(extensionId);
    await this.#post("/oauth/revoke", { token });
  }

  async #token(extensionId: string, fields: Record<string, string>): Promise<boolean> {
    const { statusCode, body } = await this.#post("/oauth/token", fields);
    if (statusCode !== 200) return false;
    const { access_token: access, refresh_token: refresh } = JSON.parse(body);
    this.#signedIn.set(extensionId, { access, refresh });
    this.#callers.add(`own-${extensionId}`);
    return true;
  }

  #post(path: string, fields: Record<string, string>) {
    const body = new URLSearchParams({ client_id: "acme-app", ...fields }).toString();
    const headers = { accept: "application/json" };
    const init = { method: "POST", body, headers };
    return this.#world.signIn(signInEvent(new Browser(), new URL(path, ISSUER), init));
  }

  async #sync(kind: "schedule" | "directory"): Promise<void> {
    const { twin, time } = this.#world;
    const { id = 0 } = twin.numbers.list()[this.#edited % 50] ?? {};
    this.#edited += 1;
    twin.numbers.update(id, { label: `Edit ${this.#edited}` });
    const message = { accountId: SEED.accountId, trigger: "schedule", requestedAt: time.now() };
    await this.#pick(this.#processes).runSync(kind === "directory" ? { ...message, kind } : message);
    this.#counts.syncs += 1;
  }
}

const READS = [
  ...[
    "listBlockedNumbers",
    "listBlockedNumbers",
    "listCallerBlockingNumbers",
    "getCallerBlocking",
    "getOverview",
  ],
  ...["listForwardingNumbers", "getOverview", "getMe"],
];

const FAULTS: FaultRule[] = [
  { kind: "reset" },
  { kind: "reset-after-processing" },
  { kind: "html-body" },
  { kind: "truncated-body" },
  { kind: "status", status: 500 },
  { kind: "status", status: 503 },
  { kind: "status", status: 429, errorCode: "CMN-301", headers: { "Retry-After": "10" } },
  { kind: "delay", ms: 3_000 },
];
