import type * as z from "zod/mini";
import type { Clock } from "../../lib/platform/clock.ts";
import type { Credentials } from "../../lib/platform/credentials.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { createOAuth } from "../../lib/ringcentral/auth/oauth.ts";
import { failureOf, parseBody } from "../../lib/ringcentral/http/parse-response.ts";
import { type RateHeaders, readRateHeaders } from "../../lib/ringcentral/http/response-headers.ts";
import { createTransport, type HttpResponse, type Transport } from "../../lib/ringcentral/http/transport.ts";

/** The time limit of one call. */
const CALL_TIMEOUT_MS = 10_000;

/** One login, and the calls made with it. */
export type Session = Awaited<ReturnType<typeof openSession>>;

/**
 * Logs in: one call of the Auth group, which has five a minute, never repeated.
 * @throws RingCentralError
 */
export async function openSession(credentials: Credentials, clock: Clock) {
  const transport = createTransport();
  let clockAheadMs: number | undefined;
  const watched: Transport = {
    async send(request) {
      const sentAt = clock.now();
      const response = await transport.send(request);
      const { date } = response.headers;
      const theirs = typeof date === "string" ? Date.parse(date) : Number.NaN;
      // Compared with the middle of the exchange; the header has whole seconds.
      if (!Number.isNaN(theirs)) clockAheadMs = theirs - (sentAt + clock.now()) / 2;
      return response;
    },
  };
  const log = createLogger({}, { clock, write: () => {} });
  const oauth = createOAuth({ transport: watched, clock, log });
  const deadline = () => deadlineIn(CALL_TIMEOUT_MS, clock, 0);
  const grant = await oauth.login(credentials, deadline());
  const limits = new Map<string, RateHeaders>();
  async function send(path: string): Promise<HttpResponse> {
    const url = new URL(`/restapi/v1.0/${path}`, credentials.server);
    const headers = { authorization: `Bearer ${grant.accessToken}` };
    return transport.send({ operation: path, method: "GET", url, headers, deadline: deadline() });
  }
  return {
    grant,
    /** How far RingCentral's clock is ahead of ours; absent when its response has no time. */
    clockAheadMs,
    /** The stated limit of each group, by the group's name. */
    limits,
    /** @param path below `/restapi/v1.0/` */
    async get<Body>(path: string, schema: z.ZodMiniType<Body>) {
      try {
        const response = await send(path);
        const rate = readRateHeaders(response.headers);
        if (rate.group !== undefined) limits.set(rate.group, rate);
        const failure = failureOf({ name: path }, response, clock.now());
        return failure === undefined ? { body: parseBody(path, response, schema) } : { failure };
      } catch (error) {
        if (!(error instanceof RingCentralError)) throw error;
        return { failure: error.failure };
      }
    },
    /** Whether RingCentral is in limited mode: it says so where its own apps ask. [sdk source: WID] */
    async isLimited(): Promise<boolean> {
      const response = await send("status").catch(() => undefined);
      return (
        response !== undefined &&
        failureOf({ name: "status" }, response, clock.now())?.kind === "limited_mode"
      );
    },
    /**
     * Ends this login and no other. RingCentral allows five at a time for a user in an app: left open, it could end the
     * login that the deployed functions share.
     */
    async end() {
      await oauth.revoke(credentials, grant.accessToken, deadline());
    },
  };
}
