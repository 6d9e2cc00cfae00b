import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import type { LoadReader } from "../../lib/platform/secrets.ts";
import { withTimeout } from "../../lib/platform/with-timeout.ts";
import { createTransport, type Transport } from "../../lib/ringcentral/http/transport.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import type { Extension } from "../twin/data/world.ts";
import { requestToken } from "../twin/http-lab.ts";
import { SEED } from "../twin/twin.ts";
import { labSessions } from "./lab-settings.ts";
import "./lazy-modules.ts";
import { working } from "./machine-work.ts";
import { createMemoryRecordStore } from "./memory-record-store.ts";
import { seededRandom } from "./schedule.ts";
import { type Service, startService } from "./service.ts";
import { VirtualTime } from "./virtual-time.ts";

/** What the DynamoDB client allows a call. */
const CLIENT_TIMEOUT_MS = 2_250;
const SLOW_MS = 1_000;
const CALLBACK = "https://app.example/callback";
const { accountId, extensionId, otherExtensionId } = SEED;

/** The milliseconds of the table's exchanges, in the order in which they leave. */
export type Latencies = readonly number[];

/**
 * The real handlers in this process, in virtual time. The twin takes none, so a request's time is its wait for the table,
 * whose every exchange takes as long as the test says.
 */
export class SlowTableLab {
  readonly #service: Service;
  /** Ana's, and Ben's, who has moved to the new call handling, at the beginning. */
  readonly #extensions: readonly [string, Extension][];
  readonly #table = createMemoryRecordStore();
  readonly #usualClock = { ...systemClock };
  #time = new VirtualTime();
  /** Counts the processes: what an ended one has under way reaches the table no more. */
  #process = 0;
  #latencies: Latencies = [];
  #exchanges: string[] = [];
  #slowOnes: readonly string[] = [];
  #startedAt = 0;

  private constructor(service: Service) {
    this.#service = service;
    service.twin.callHandling.move({ extensionId: otherExtensionId });
    this.#extensions = [extensionId, otherExtensionId].map((id) => [
      id,
      structuredClone(service.twin.extension(id)),
    ]);
  }

  static async start(): Promise<SlowTableLab> {
    const service = await startService({
      limits: { Light: 3_000, Medium: 3_000, Heavy: 3_000, Auth: 3_000 },
    });
    const lab = new SlowTableLab(service);
    service.twin.registerRedirectUris([CALLBACK]);
    return lab;
  }

  async stop(): Promise<void> {
    Object.assign(systemClock, this.#usualClock);
    delete process.env.SIGN_IN_ISSUER;
    await this.#service.stop();
  }

  get twin() {
    return this.#service.twin;
  }

  get tokens() {
    return this.#service.tokens;
  }

  /** The exchanges of the last request, each with its time and latency. */
  get exchanges(): readonly string[] {
    return this.#exchanges;
  }

  /** The exchanges of these names take a second. */
  slow(...names: readonly string[]): void {
    this.#slowOnes = names;
  }

  dump = () => this.#table.dump();

  /** A new process at the present time, with the table and the extensions as they were. */
  newProcess(table: ReturnType<typeof this.dump>, isSignIn = false): void {
    // The same issuer stands for the company's and for this service's own.
    const { url } = this.#service.issuer;
    Object.assign(process.env, isSignIn ? { SIGN_IN_ISSUER: url } : { AUTH_ISSUER: url });
    delete process.env[isSignIn ? "AUTH_ISSUER" : "SIGN_IN_ISSUER"];
    this.#time = new VirtualTime();
    Object.assign(systemClock, { now: this.#time.now, sleep: this.#time.sleep });
    this.#table.restore(table);
    for (const [id, extension] of this.#extensions) {
      Object.assign(this.twin.extension(id), structuredClone(extension));
    }
    this.twin.clearRequests();
    this.#process += 1;
    resetRuntime({
      clock: systemClock,
      random: seededRandom(this.#process),
      records: { ...this.#recordsOf(this.#process), ready: async () => {} },
      transport: this.#transport,
      loadSecretReader: this.#loadSecretReader,
      readJson: (url) => working(fetch(url).then((response) => response.json())),
    });
  }

  /** Ana signs in with RingCentral: the table has her session then. @returns her token */
  async signIn(): Promise<string> {
    const { twin, issuer } = this.#service;
    const url = `${twin.url}/restapi/oauth/authorize?response_type=code&client_id=${SEED.clientId}`;
    const code = new URL(await twin.signIn(url, extensionId)).searchParams.get("code") ?? "";
    const { body } = await requestToken(twin, {
      grant_type: "authorization_code",
      code,
      redirect_uri: CALLBACK,
    });
    const sessions = labSessions(accountId, createTransport(), this.#loadSecretReader);
    const {
      access_token: accessToken,
      expires_in: expiresInSeconds,
      refresh_token: refreshToken = "",
    } = body;
    const grant = { accessToken, expiresInSeconds, refreshToken, sentAt: systemClock.now() };
    await this.run(() => sessions.begin({ accountId, extensionId }, grant, deadlineIn(60_000, systemClock)));
    return issuer.mint({ aud: issuer.url, sub: extensionId });
  }

  /** Runs a request while the table's exchanges take these times, then none. @returns its result and virtual time */
  async run<Result>(work: () => Promise<Result>, latencies: Latencies = []) {
    this.#latencies = latencies;
    this.#exchanges = [];
    this.#startedAt = this.#time.now();
    let tookMs = 0;
    const ending = work().finally(() => {
      tookMs = this.#time.now() - this.#startedAt;
    });
    return { result: await this.#time.run(ending), tookMs };
  }

  /** The effect is in the middle of the exchange. */
  async #exchange<Result>(process: number, name: string, act: () => Promise<Result>): Promise<Result> {
    if (process !== this.#process) return new Promise(() => {});
    const ms = this.#slowOnes.includes(name) ? SLOW_MS : (this.#latencies[this.#exchanges.length] ?? 1);
    this.#exchanges.push(`${name} at ${this.#time.now() - this.#startedAt} for ${ms}`);
    const clock = this.#time;
    const exchanging = async () => {
      await clock.sleep(ms / 2);
      const result = await act();
      await clock.sleep(ms / 2);
      return result;
    };
    const timeUp = () => new StorageUnavailable("no response");
    return withTimeout(exchanging(), { clock, timeoutMs: CLIENT_TIMEOUT_MS, timeUp });
  }

  #recordsOf(process: number): RecordStore {
    const table = this.#table;
    return {
      read: (key) => this.#exchange(process, `read ${key.sort}`, () => table.read(key)),
      compareAndSet: (key, ...write) =>
        this.#exchange(process, `write ${key.sort}`, () => table.compareAndSet(key, ...write)),
      remove: (key, ...removal) =>
        this.#exchange(process, `remove ${key.sort}`, () => table.remove(key, ...removal)),
    };
  }

  readonly #realTransport = createTransport();
  readonly #transport: Transport = {
    send: (request) => {
      this.#exchanges.push(`(RingCentral ${request.operation})`);
      this.#latencies = this.#latencies.toSpliced(this.#exchanges.length - 1, 0, 0);
      return working(this.#realTransport.send(request));
    },
  };

  readonly #loadSecretReader: LoadReader = async () => {
    const { createReader } = await import("../../lib/platform/secrets-client.ts");
    const read = createReader();
    return (...asked) => working(read(...asked));
  };
}
