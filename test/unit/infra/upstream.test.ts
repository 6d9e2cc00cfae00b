import { afterEach, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { connectUpstream, type Upstream } from "../../../infra/local/upstream.ts";
import { SEED } from "../../twin/twin.ts";

let upstream: Upstream | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await upstream?.close();
});

/** Whether the twin says that the user's extension is on the new backend. */
async function hasMoved({ credentials }: Upstream): Promise<boolean> {
  const { server, clientId, clientSecret, jwt } = credentials;
  const login = await fetch(`${server}/restapi/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: jwt,
    }),
  });
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await login.json());
  const path = `/restapi/v2/accounts/~/extensions/${SEED.extensionId}/call-flip-numbers`;
  const { status } = await fetch(server + path, { headers: { authorization: `Bearer ${token}` } });
  return status === 200;
}

it.each([
  ["legacy", false, false],
  ["new", true, true],
  ["moving", false, true],
] as const)("npm start -- --call-handling %s", async (callHandling, atStart, afterAMinute) => {
  const rest = {
    host: "127.0.0.1",
    apiPort: 3000,
    upstreamUrl: undefined,
    extensionId: undefined,
    accountId: undefined,
  };
  upstream = await connectUpstream(
    { ...rest, callHandling, numbers: undefined },
    {},
    "http://127.0.0.1:3000/",
  );
  expect(await hasMoved(upstream)).toBe(atStart);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
  expect(await hasMoved(upstream)).toBe(afterAMinute);
});
