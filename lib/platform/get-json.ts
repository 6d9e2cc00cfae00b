import type { ClientRequest, IncomingMessage } from "node:http";

export interface GetJsonOptions {
  timeoutMs: number;
  maxBytes: number;
}

/**
 * A JSON document from a URL: 200, within the time and size given; redirects are not followed.
 *
 * Not `fetch`: its first use loads all of undici, some 50 ms of every cold start, while http and https are loaded for
 * the AWS clients anyway.
 * @throws Error naming what went wrong, never the URL's query
 */
export async function getJson(url: URL, { timeoutMs, maxBytes }: GetJsonOptions): Promise<unknown> {
  const { request } = url.protocol === "http:" ? await import("node:http") : await import("node:https");
  const signal = AbortSignal.timeout(timeoutMs);
  const text = await new Promise<string>((resolve, reject) => {
    const sent: ClientRequest = request(
      url,
      { signal, headers: { accept: "application/json" } },
      (response) => read(response, maxBytes).then(resolve, reject),
    );
    sent.once("error", reject).end();
  });
  return JSON.parse(text);
}

async function read(response: IncomingMessage, maxBytes: number): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
