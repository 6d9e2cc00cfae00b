import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { VERSION } from "../../../../lib/platform/version.ts";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import { createTransport, type HttpRequest } from "../../../../lib/ringcentral/http/transport.ts";
import { json, startLoopback } from "../../../support/loopback.ts";
import { manualClock } from "../../../support/manual-clock.ts";

const AUTHORIZATION = { authorization: "Bearer SIM-at-1" };

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    operation: "op",
    method: "GET",
    url: new URL(url),
    headers: AUTHORIZATION,
    deadline: deadlineIn(10_000, systemClock),
    ...more,
  };
}

async function failureOf(pending: Promise<unknown>) {
  const error = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RingCentralError)) throw new Error(`expected a RingCentralError, got ${error}`);
  return error.failure;
}

/** A port without a listener. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("an exchange", () => {
  it("sends its User-Agent, asks for JSON, and returns status, headers and body", async () => {
    const server = await startLoopback((_, response) =>
      json(response, 404, { a: 1 }, { RCRequestId: "r-1" }),
    );
    const transport = createTransport();
    const result = await transport.send(request(`${server.origin}/restapi?page=1`));
    expect(result).toMatchObject({ status: 404, body: '{"a":1}', headers: { rcrequestid: "r-1" } });
    expect(server.received[0]).toMatchObject({
      method: "GET",
      url: "/restapi?page=1",
      headers: {
        ...AUTHORIZATION,
        accept: "application/json",
        "user-agent": `Ringfront/${VERSION} (+serverless; node)`,
      },
    });
  });

  it("sends its body unchanged", async () => {
    const server = await startLoopback((_, response) => json(response, 200, {}));
    const headers = { ...AUTHORIZATION, "content-type": "application/json" };
    const transport = createTransport();
    await transport.send(request(server.origin, { method: "PUT", body: '{"label":"é"}', headers }));
    expect(server.received[0]).toMatchObject({
      method: "PUT",
      body: '{"label":"é"}',
      headers: { "content-type": "application/json", "content-length": "14" },
    });
  });

  it("reuses a connection", async () => {
    const server = await startLoopback((_, response) => json(response, 200, {}));
    const transport = createTransport();
    for (let i = 0; i < 3; i += 1) await transport.send(request(server.origin));
    expect(new Set(server.received.map(({ port }) => port)).size).toBe(1);
  });

  it("decompresses", async () => {
    const server = await startLoopback((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" });
      response.end(gzipSync('{"a":1}'));
    });
    const result = await createTransport().send(request(server.origin));
    expect(result.body).toBe('{"a":1}');
  });

  it("says of a body that it is no UTF-8", async () => {
    const server = await startLoopback(({ url }, response) => {
      response.end(Buffer.from('{"label":"Jos\u00e9"}', url === "/latin1" ? "latin1" : "utf8"));
    });
    const transport = createTransport();
    expect((await transport.send(request(`${server.origin}/latin1`))).isGarbled).toBe(true);
    const readable = await transport.send(request(`${server.origin}/utf8`));
    expect(readable).toMatchObject({ body: '{"label":"Jos\u00e9"}' });
    expect(readable.isGarbled).toBeUndefined();
  });

  it("is never repeated by the transport", async () => {
    const server = await startLoopback((_, response) => json(response, 503, {}, { "retry-after": "0" }));
    await createTransport().send(request(server.origin));
    expect(server.received).toHaveLength(1);
  });
});

describe("redirects", () => {
  it.each([301, 302, 307, 308])(
    "%d within the origin is followed with method, body and credentials",
    async (status) => {
      const server = await startLoopback(({ url }, response) => {
        if (url === "/old") response.writeHead(status, { location: "/new" }).end();
        else json(response, 200, { moved: true });
      });
      const transport = createTransport();
      const result = await transport.send(request(`${server.origin}/old`, { method: "POST", body: "{}" }));
      expect(result.status).toBe(200);
      expect(server.received[1]).toMatchObject({
        url: "/new",
        method: "POST",
        body: "{}",
        headers: AUTHORIZATION,
      });
    },
  );

  it("303 is followed with a GET", async () => {
    const server = await startLoopback(({ url }, response) => {
      if (url === "/old") response.writeHead(303, { location: "/new" }).end();
      else json(response, 200, {});
    });
    const transport = createTransport();
    await transport.send(request(`${server.origin}/old`, { method: "POST", body: "{}" }));
    expect(server.received[1]).toMatchObject({ url: "/new", method: "GET", body: "" });
  });

  it.each([301, 302, 303, 307, 308])(
    "%d to another origin is returned unchanged, and nothing is sent there",
    async (status) => {
      const elsewhere = await startLoopback((_, response) => json(response, 200, {}));
      const server = await startLoopback((_, response) => {
        response.writeHead(status, { location: `${elsewhere.origin}/steal` }).end();
      });
      const result = await createTransport().send(request(server.origin));
      expect(result.status).toBe(status);
      expect(elsewhere.received).toEqual([]);
    },
  );

  it("in a loop are a bad response", async () => {
    const server = await startLoopback((_, response) =>
      response.writeHead(302, { location: "/again" }).end(),
    );
    const failure = await failureOf(createTransport().send(request(server.origin)));
    expect(failure).toMatchObject({ kind: "bad_response", mayHaveTakenEffect: true });
    expect(server.received.length).toBeLessThan(6);
  });
});

describe("network faults", () => {
  it("connection refused: unavailable, certainly without effect", async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const failure = await failureOf(createTransport().send(request(url, { method: "POST" })));
    expect(failure).toMatchObject({ kind: "unavailable", operation: "op", mayHaveTakenEffect: false });
    expect(failure.status).toBeUndefined();
  });

  it("a name that does not resolve: unavailable, certainly without effect", async () => {
    const url = "http://ringcentral.invalid/";
    const failure = await failureOf(createTransport().send(request(url)));
    expect(failure).toMatchObject({ kind: "unavailable", mayHaveTakenEffect: false });
  });

  it("no TLS on the other side: unavailable, certainly without effect", async () => {
    const server = await startLoopback((_, response) => json(response, 200, {}));
    const url = server.origin.replace("http:", "https:");
    const failure = await failureOf(createTransport().send(request(url, { method: "POST" })));
    expect(failure).toMatchObject({ kind: "unavailable", mayHaveTakenEffect: false });
  });

  it("reset before a response: bad_response, may have taken effect", async () => {
    const server = await startLoopback((_, response) => response.socket?.resetAndDestroy());
    const failure = await failureOf(
      createTransport().send(request(server.origin, { method: "POST", body: "{}" })),
    );
    expect(failure).toMatchObject({ kind: "bad_response", mayHaveTakenEffect: true });
  });

  it("reset on a reused connection: bad_response, may have taken effect", async () => {
    const server = await startLoopback(({ url }, response) => {
      if (url === "/first") json(response, 200, {});
      else response.socket?.resetAndDestroy();
    });
    const transport = createTransport();
    await transport.send(request(`${server.origin}/first`));
    const failure = await failureOf(transport.send(request(`${server.origin}/second`, { method: "POST" })));
    expect(failure).toMatchObject({ kind: "bad_response", mayHaveTakenEffect: true });
    expect(server.received[0]?.port).toBe(server.received[1]?.port);
  });

  it.each([
    ["short of its content length", { "content-length": "100" }],
    ["in the middle of a chunked body", { "transfer-encoding": "chunked" }],
  ])("cut off %s: bad_response", async (_, headers) => {
    const server = await startLoopback((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", ...headers });
      response.write('{"records":[', () => response.destroy());
    });
    const failure = await failureOf(createTransport().send(request(server.origin)));
    expect(failure).toMatchObject({ kind: "bad_response", mayHaveTakenEffect: true });
  });

  it("a damaged compressed body: bad_response", async () => {
    const server = await startLoopback((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.end(gzipSync("x".repeat(1000)).subarray(0, 12));
    });
    const failure = await failureOf(createTransport().send(request(server.origin)));
    expect(failure.kind).toBe("bad_response");
  });

  it("never put credentials into the error", async () => {
    const server = await startLoopback((_, response) => response.socket?.resetAndDestroy());
    const pending = createTransport().send(request(server.origin));
    const error = await pending.catch((reason: unknown) => reason);
    const { inspect } = await import("node:util");
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("SIM-at-1");
  });
});

describe("time and size limits", () => {
  it("no response in time: timeout, of the deadline", async () => {
    const server = await startLoopback(() => undefined);
    const transport = createTransport();
    const deadline = deadlineIn(60, systemClock, 0);
    const failure = await failureOf(transport.send(request(server.origin, { deadline })));
    expect(failure).toMatchObject({ kind: "timeout", deadlineExceeded: true, mayHaveTakenEffect: true });
  });

  it("an attempt with less time than the deadline: timeout, not of the deadline", async () => {
    const server = await startLoopback(() => undefined);
    const transport = createTransport({ attemptTimeoutMs: 60 });
    const failure = await failureOf(transport.send(request(server.origin)));
    expect(failure).toMatchObject({ kind: "timeout", mayHaveTakenEffect: true });
    expect(failure.deadlineExceeded).toBeUndefined();
  });

  it("a kept connection that stays silent is said to be one, and the next exchange opens another", async () => {
    const served = new Set<number | undefined>();
    const server = await startLoopback(({ port }, response) => {
      if (served.has(port)) return;
      served.add(port);
      json(response, 200, {});
    });
    const transport = createTransport({ attemptTimeoutMs: 200 });
    await transport.send(request(server.origin));
    const silent = await failureOf(transport.send(request(server.origin)));
    expect(silent).toMatchObject({ kind: "timeout", wasKeptConnection: true });
    expect(await transport.send(request(server.origin))).toMatchObject({ status: 200 });
  });

  it("connections that were idle while the process was frozen are not used again", async () => {
    const ports = new Set<number | undefined>();
    const server = await startLoopback(({ port }, response) => {
      ports.add(port);
      json(response, 200, {});
    });
    const clock = manualClock(Date.now());
    const transport = createTransport({ clock });
    const used: number[] = [];
    for (const pauseMs of [0, 10_000, 10_001]) {
      await clock.advance(pauseMs);
      await transport.send(request(server.origin));
      used.push(ports.size);
    }
    expect(used).toEqual([1, 1, 2]);
  });

  it("a body that trickles has the same time limit", async () => {
    const server = await startLoopback((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const trickle = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(trickle));
    });
    const transport = createTransport({ attemptTimeoutMs: 100 });
    expect((await failureOf(transport.send(request(server.origin)))).kind).toBe("timeout");
  });

  it("nothing is sent once the time is up", async () => {
    const server = await startLoopback((_, response) => json(response, 200, {}));
    const deadline = deadlineIn(0, systemClock);
    const failure = await failureOf(createTransport().send(request(server.origin, { deadline })));
    expect(failure).toMatchObject({ kind: "timeout", deadlineExceeded: true, mayHaveTakenEffect: false });
    expect(server.received).toEqual([]);
  });

  it("a body beyond the size limit is a bad response, compressed or not", async () => {
    const body = "x".repeat(300_000);
    const server = await startLoopback(({ url }, response) => {
      response.writeHead(200, url === "/gzip" ? { "content-encoding": "gzip" } : {});
      response.end(url === "/gzip" ? gzipSync(body) : body);
    });
    const transport = createTransport({ maxResponseBytes: 100_000 });
    for (const path of ["/plain", "/gzip"]) {
      const failure = await failureOf(transport.send(request(`${server.origin}${path}`)));
      expect(failure).toMatchObject({ kind: "bad_response", mayHaveTakenEffect: true });
    }
    const roomy = createTransport();
    expect((await roomy.send(request(`${server.origin}/gzip`))).body).toHaveLength(300_000);
  });

  it("connections in progress have the same time limit", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const address = silent.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const transport = createTransport({ attemptTimeoutMs: 60 });
    // The handshake never completes, so the request cannot have left.
    const failure = await failureOf(
      transport.send(request(`https://127.0.0.1:${address.port}/`, { method: "POST" })),
    );
    expect(failure).toMatchObject({ kind: "timeout", mayHaveTakenEffect: false });
  });
});
