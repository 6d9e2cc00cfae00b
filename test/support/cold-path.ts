import { deadlineIn } from "../../lib/platform/deadline.ts";
import type { LoadReader } from "../../lib/platform/secrets.ts";
import type { Transport } from "../../lib/ringcentral/http/transport.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import { COMPANY, labEnvironment, labSecrets, labSessions } from "./lab-settings.ts";
import "./lazy-modules.ts";
import { createMemoryRecordStore, type RecordCall } from "./memory-record-store.ts";
import { SigningIssuer } from "./signing-issuer.ts";
import { VirtualTime } from "./virtual-time.ts";

/** How long every dependency takes for its response. */
const UNIT_MS = 50;
const OWN = "https://api.example.com";
const [accountId, extensionId] = ["37", "101"];

/** A call of a dependency, and the number of units after which it left. */
export interface TimedCall {
  at: number;
  name: string;
}

/** A request's calls, and the number of units after which it had its response. */
export interface Chain {
  calls: TimedCall[];
  status: number;
  respondedAt: number;
}

/**
 * The real handlers in this process, and dependencies that respond after exactly 50 ms of virtual time. Time passes only
 * while every part of the request waits for a dependency, so the machine's speed has no part in the counts.
 */
export class ColdPath {
  readonly #clock = new VirtualTime();
  #records = this.#emptyTable();
  readonly #issuer = new SigningIssuer();
  readonly #secrets: Readonly<Record<string, string>> = {
    ringcentral: JSON.stringify({
      server: "https://ringcentral.example.com",
      clientId: "app",
      clientSecret: "client-secret",
      jwt: "jwt",
    }),
    ...labSecrets(),
  };
  readonly #environment = { ...process.env };
  #calls: TimedCall[] = [];
  #startedAt = 0;
  #failures = { name: "", left: 0 };

  constructor() {
    Object.assign(process.env, labEnvironment(OWN, accountId));
  }

  stop(): void {
    for (const name of Object.keys(process.env)) if (!(name in this.#environment)) delete process.env[name];
    Object.assign(process.env, this.#environment);
    resetRuntime({});
  }

  /** An empty table, and a new process. */
  start(): void {
    this.#records = this.#emptyTable();
    this.newProcess();
  }

  /** The next calls of this name fail, after their time. */
  fail(name: string, left: number): void {
    this.#failures = { name, left };
  }

  /** The process ends, and the next one begins with the table as it is. */
  newProcess(): void {
    this.#failures.left = 0;
    resetRuntime({
      clock: this.#clock,
      random: () => 0,
      records: { ...this.#records, ready: async () => {} },
      transport: this.#transport,
      loadSecretReader: this.#loadSecretReader,
      readJson: (url) => this.#readJson(url),
    });
  }

  async pass(ms: number): Promise<void> {
    await this.#clock.advance(ms);
  }

  /** A token of the company's identity provider, or of a person who has signed in with RingCentral. */
  token(from: "company" | "own", claims: object = {}): string {
    const seconds = Math.floor(Date.now() / 1_000);
    const issued = from === "company" ? { iss: COMPANY, aud: "numbers" } : { iss: OWN, aud: OWN };
    const person = {
      sub: "person",
      client_id: "client",
      rc_account_id: accountId,
      rc_extension_id: extensionId,
    };
    return this.#issuer.sign({ ...issued, ...person, exp: seconds + 900, scope: "numbers:read", ...claims });
  }

  /** The person signs in: the table has a session then. */
  async signIn(): Promise<void> {
    const sessions = labSessions(accountId, this.#transport, this.#loadSecretReader);
    const grant = {
      accessToken: "own-token",
      expiresInSeconds: 3_600,
      refreshToken: "refresh",
      sentAt: this.#clock.now(),
    };
    const soon = deadlineIn(60_000, this.#clock);
    await this.measure(() =>
      sessions.begin({ accountId, extensionId }, grant, soon).then(() => ({ status: 0 })),
    );
  }

  /** Runs a request until its response, in virtual time. */
  async measure(run: () => Promise<{ status: number }>): Promise<Chain> {
    this.#calls = [];
    this.#startedAt = this.#clock.now();
    return this.#clock.run(
      run().then(({ status }) => ({ calls: this.#calls, status, respondedAt: this.#units() })),
    );
  }

  #units(): number {
    return (this.#clock.now() - this.#startedAt) / UNIT_MS;
  }

  async #pass(name: string): Promise<void> {
    this.#calls.push({ at: this.#units(), name });
    await this.#clock.sleep(UNIT_MS);
    if (this.#failures.name !== name || this.#failures.left === 0) return;
    this.#failures.left -= 1;
    throw name.startsWith("secret") ? new Error("InternalServiceError") : new StorageUnavailable("failed");
  }

  #emptyTable() {
    return createMemoryRecordStore({ before: (call) => this.#pass(nameOf(call)) });
  }

  readonly #loadSecretReader: LoadReader =
    async () =>
    async ({ SecretId }) => {
      await this.#pass(`secret ${SecretId}`);
      return { SecretString: this.#secrets[SecretId] };
    };

  async #readJson(url: URL): Promise<unknown> {
    await this.#pass(`issuer's ${url.pathname === "/jwks" ? "keys" : "discovery"}`);
    return this.#issuer.document(url);
  }

  readonly #transport: Transport = {
    send: async ({ operation }) => {
      await this.#pass(`RingCentral ${operation}`);
      const grant = { access_token: "token", expires_in: 3_600, token_type: "bearer" };
      const body = JSON.stringify(
        operation === "login" ? grant : { records: [], paging: { totalElements: 0 } },
      );
      const headers = {
        "content-type": "application/json",
        "x-rate-limit-group": operation === "login" ? "auth" : "light",
        "x-rate-limit-limit": operation === "login" ? "5" : "50",
        "x-rate-limit-window": "60",
      };
      return { status: 200, headers, body };
    },
  };
}

const kinds: Readonly<Record<string, string>> = {
  limits: "budgets",
  scope: "cache epoch",
  response: "cached response",
  keys: "issuer keys",
};

function nameOf({ operation, key }: RecordCall): string {
  const [kind = ""] = key.sort.split("#");
  return `${operation === "read" ? "read" : "write"} ${kinds[kind] ?? kind}`;
}

/** The time of RingCentral's own call, or of the response without one. */
export function leadOf({ calls, respondedAt }: Chain): number {
  return calls.find(({ name }) => name.startsWith("RingCentral"))?.at ?? respondedAt;
}
