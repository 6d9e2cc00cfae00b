import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import type { LoadReader } from "../../lib/platform/secrets.ts";
import { createTransport, type Transport } from "../../lib/ringcentral/http/transport.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { COMPANY, labEnvironment, labSecrets, labSessions } from "../support/lab-settings.ts";
import { countRequests, working } from "../support/machine-work.ts";
import { createMemoryRecordStore, type RecordCall } from "../support/memory-record-store.ts";
import { SigningIssuer } from "../support/signing-issuer.ts";
import { VirtualTime } from "../support/virtual-time.ts";
import type { ReceivedRequest } from "../twin/edge/received-request.ts";
import { createInProcessTwin, SEED, type Twin } from "../twin/twin.ts";
import { type QueueServer, startQueueServer } from "./queue-server.ts";
import { type Mishap, type RingCentralServer, startRingCentralServer } from "./ringcentral-server.ts";

const OWN = "https://api.example.com";
const CALLBACK = "https://app.example/callback";
/** Of the table, Secrets Manager and the issuer. */
const LATENCY_MS = 5;
const { accountId, extensionId } = SEED;

/** Whose budget pays: the service's, or that of a person who signed in with RingCentral. */
export type Payer = "service" | "own";

/** A message to a dependency or its arrival: a place where a process can die. */
export interface Crossing {
  name: string;
  phase: "before" | "after";
}

/** What goes wrong in the world, as long as it is set. */
export interface Troubles {
  /** Of RingCentral's API, not of its token endpoint. */
  call?: ((request: ReceivedRequest, openedAt: number) => Mishap | undefined) | undefined;
  /** Before a call of the table. A throw is its failure. */
  table?: ((call: RecordCall) => Promise<void>) | undefined;
  /** Whether a conditional write loses against another process's. */
  losesRace?: ((sort: string) => boolean) | undefined;
  secrets?: (() => Promise<void>) | undefined;
  issuer?: (() => Promise<void>) | undefined;
}

const nothingWrong: Troubles = {};

/** RingCentral, the table, Secrets Manager, the issuer and the queue; and the real handlers in one process after another. */
export class World {
  readonly time: VirtualTime;
  readonly #server: RingCentralServer;
  readonly #queue: QueueServer;
  readonly #issuer = new SigningIssuer();
  #twin: ReturnType<typeof createInProcessTwin>;
  #records = createMemoryRecordStore();
  #secrets: Record<string, { current: string; previous?: string }> = {};
  troubles: Troubles = nothingWrong;
  /** Operations sent to RingCentral; of its token endpoint apart. */
  readonly sent = { calls: [] as string[], tokenCalls: [] as string[] };
  /** Texts that no log and no response may have. */
  readonly confidential = new Set<string>();
  /** Whether the process dies there. */
  diesAt: (crossing: Crossing) => boolean = () => false;

  private constructor(time: VirtualTime, server: RingCentralServer, queue: QueueServer) {
    this.time = time;
    this.#server = server;
    this.#queue = queue;
    this.#twin = this.#newTwin("legacy");
  }

  /** From now on this process has virtual time and the settings of a deployed function. */
  static async start(): Promise<World> {
    const time = new VirtualTime(Date.UTC(2026, 0, 5, 9));
    const queue = await startQueueServer();
    const server = await startRingCentralServer(time);
    Object.assign(process.env, {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_SQS: queue.url,
      SYNC_QUEUE_URL: `${queue.url}/000000000000/sync`,
      ...labEnvironment(OWN, accountId),
      SYNC_ACCOUNTS: accountId,
      FLEET_SIZE: "1",
    });
    countRequests();
    time.install();
    return new World(time, server, queue);
  }

  get twin(): Twin {
    return this.#twin.twin;
  }
  get queued(): readonly unknown[] {
    return this.#queue.messages;
  }
  set isQueueAway(isAway: boolean) {
    this.#queue.state.isAway = isAway;
  }
  get table() {
    return this.#records.dump();
  }

  /** Another account, an empty table, and a new process. */
  begin(callHandling: "legacy" | "new"): void {
    this.time.forgetTimers();
    this.time.skewMs = 0;
    this.troubles = nothingWrong;
    this.diesAt = () => false;
    this.confidential.clear();
    this.#issuer.kid = "k1";
    this.#twin = this.#newTwin(callHandling);
    this.twin.registerRedirectUris([CALLBACK]);
    this.#server.serve({
      serve: (request) => this.#serve(request),
      strike: (request, openedAt) =>
        request.path.includes("/oauth/") ? undefined : this.troubles.call?.(request, openedAt),
    });
    this.#queue.messages.length = 0;
    this.isQueueAway = false;
    this.#records = createMemoryRecordStore({ before: () => this.time.sleep(LATENCY_MS) });
    const { pseudonyms, sessions } = labSecrets();
    this.#secrets = {
      ringcentral: { current: this.#credentials(SEED.clientSecret) },
      pseudonyms: { current: pseudonyms },
      sessions: { current: sessions },
    };
    for (const secret of [SEED.clientSecret, SEED.jwt, pseudonyms]) this.confidential.add(secret);
    this.newProcess();
    this.forgetSent();
  }

  forgetSent(): void {
    this.sent.calls.length = 0;
    this.sent.tokenCalls.length = 0;
  }

  /** The process ends, and the next one begins with everything outside as it is. */
  newProcess(): void {
    this.#server.forgetConnections();
    const process = Promise.withResolvers<never>();
    process.promise.catch(() => undefined);
    // What a process that has died waits for never comes.
    const cross = async (crossing: Crossing): Promise<void> => {
      if (this.#process === process && this.diesAt(crossing)) {
        this.newProcess();
        process.reject(new ProcessDied());
      }
      if (this.#process !== process) await new Promise<never>(() => {});
    };
    const around = async <Result>(name: string, act: () => Promise<Result>): Promise<Result> => {
      await cross({ name, phase: "before" });
      return act().finally(() => cross({ name, phase: "after" }));
    };
    this.#process = process;
    resetRuntime({
      random: () => 0,
      records: this.#recordsOf(around),
      transport: this.#transportOf(around),
      loadSecretReader: this.#secretReaderOf(around),
      readJson: (url) => around("issuer", () => this.#readJson(url)),
    });
  }
  #process = Promise.withResolvers<never>();

  /** Lets time pass until the process has done this. @throws ProcessDied */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const { promise: death } = this.#process;
    return this.time.run(Promise.race([work(), death]));
  }

  /** A token of a caller, valid for 15 minutes by the issuer's clock. */
  token(payer: Payer, scope: string): string {
    const seconds = Math.floor(this.time.now() / 1_000);
    const issued = payer === "service" ? { iss: COMPANY, aud: "numbers" } : { iss: OWN, aud: OWN };
    const person = { sub: "ana", client_id: "app", rc_account_id: accountId, rc_extension_id: extensionId };
    const times = { iat: seconds, nbf: seconds, exp: seconds + 900 };
    const token = this.#issuer.sign({ ...issued, ...person, ...times, scope });
    this.confidential.add(token.slice(token.lastIndexOf(".") + 1));
    return token;
  }

  /** The issuer signs with another key from now on. */
  rotateIssuerKey(): void {
    this.#issuer.kid = "k2";
  }

  /** The table has no keys of the issuers. */
  forgetIssuerKeys(): void {
    this.#records.restore(this.table.filter(({ key }) => !key.partition.startsWith("issuer#")));
  }

  /** The app's secret is replaced at RingCentral and in Secrets Manager. */
  rotateClientSecret(): void {
    const next = "the-next-secret-of-the-app";
    const { current } = this.#secrets.ringcentral ?? { current: "" };
    this.twin.rotateClientSecret(next);
    this.#secrets.ringcentral = { current: this.#credentials(next), previous: current };
    this.confidential.add(next);
  }

  /** Ana signs in with RingCentral: the table has her session then. */
  async signIn(): Promise<void> {
    const url = `https://twin.test/restapi/oauth/authorize?response_type=code&client_id=${SEED.clientId}`;
    const location = await this.twin.signIn(url, extensionId);
    const code = new URL(location).searchParams.get("code") ?? "";
    const { clientSecret } = JSON.parse(this.#secrets.ringcentral?.current ?? "{}");
    const body = `${new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: CALLBACK })}`;
    const ending = await this.#serve({
      method: "POST",
      path: "/restapi/oauth/token",
      query: new URLSearchParams(),
      headers: {
        "content-length": String(body.length),
        "content-type": "application/x-www-form-urlencoded",
        authorization: `Basic ${btoa(`${SEED.clientId}:${clientSecret}`)}`,
      },
      body,
    });
    const grant = JSON.parse(("response" in ending && ending.response.body) || "{}");
    const load = this.#secretReaderOf((_, act) => act());
    const sessions = labSessions(accountId, createTransport(), load);
    const tokens = {
      accessToken: String(grant.access_token),
      expiresInSeconds: Number(grant.expires_in),
      refreshToken: String(grant.refresh_token),
      sentAt: systemClock.now(),
    };
    await sessions.begin({ accountId, extensionId }, tokens, deadlineIn(60_000, systemClock));
  }

  #newTwin(callHandling: "legacy" | "new") {
    return createInProcessTwin({ numbers: 6, clock: this.time, callHandling });
  }

  #credentials(clientSecret: string): string {
    return JSON.stringify({ server: this.#server.url, clientId: SEED.clientId, clientSecret, jwt: SEED.jwt });
  }

  async #serve(request: ReceivedRequest) {
    const ending = await this.#twin.serve(request);
    const body =
      "response" in ending && request.path.endsWith("/oauth/token") ? ending.response.body : undefined;
    for (const [, token = ""] of body?.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g) ?? []) {
      this.confidential.add(token);
    }
    return ending;
  }

  #recordsOf(around: Around): RecordStore & { ready(): Promise<void> } {
    const through = <Result>(
      operation: RecordCall["operation"],
      key: RecordCall["key"],
      act: () => Promise<Result>,
    ) =>
      around(`${operation} ${key.sort.split("#")[0]}`, async () => {
        await this.troubles.table?.({ operation, key });
        return act();
      });
    return {
      ready: async () => {},
      read: (key) => through("read", key, () => this.#records.read(key)),
      compareAndSet: (key, expected, value, options) =>
        through("compareAndSet", key, () => {
          if (this.troubles.losesRace?.(key.sort)) return this.#beBeaten(key);
          return this.#records.compareAndSet(key, expected, value, options);
        }),
      remove: (key, expected) => through("remove", key, () => this.#records.remove(key, expected)),
    };
  }

  /** Another process writes the record first, as it was. */
  async #beBeaten(key: RecordCall["key"]): Promise<undefined> {
    const current = await this.#records.read(key);
    if (current !== undefined) await this.#records.compareAndSet(key, current.version, current.value);
    return undefined;
  }

  #transportOf(around: Around): Transport {
    const transport = createTransport();
    return {
      send: (request) =>
        around(`RingCentral ${request.operation}`, () => {
          const isToken = request.url.pathname.includes("/oauth/");
          this.sent[isToken ? "tokenCalls" : "calls"].push(request.operation);
          return working(transport.send(request));
        }),
    };
  }

  #secretReaderOf(around: Around): LoadReader {
    return async () =>
      ({ SecretId, VersionStage }, signal) =>
        around(`secret ${SecretId}`, async () => {
          const aborted = new Promise<never>((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason)),
          );
          aborted.catch(() => undefined);
          await Promise.race([this.troubles.secrets?.() ?? this.time.sleep(LATENCY_MS), aborted]);
          const { current, previous } = this.#secrets[SecretId] ?? {};
          const SecretString = VersionStage === "AWSCURRENT" ? current : previous;
          if (SecretString === undefined) throw named("ResourceNotFoundException");
          return { SecretString };
        });
  }

  async #readJson(url: URL): Promise<unknown> {
    await (this.troubles.issuer?.() ?? this.time.sleep(LATENCY_MS));
    return this.#issuer.document(url);
  }
}

export class ProcessDied extends Error {}

type Around = <Result>(name: string, act: () => Promise<Result>) => Promise<Result>;

/** An error as the AWS SDK names it. */
export function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}
