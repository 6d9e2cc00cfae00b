import type { ClientRequest, IncomingMessage } from "node:http";

/**
 * The JSON document at a URL: status 200, within the given time and size; redirects are not followed.
 *
 * Not `fetch`: its first use loads all of undici, about 50 ms of every cold start. The AWS clients load http and https
 * in any case.
 * @throws Error naming the failure, never the URL's query
 */
export async function getJson(
  url: URL,
  { timeoutMs, maxBytes }: { timeoutMs: number; maxBytes: number },
): Promise<unknown> {
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
