import { once } from "node:events";
import { createServer } from "node:http";
import { extname } from "node:path";
import { build } from "esbuild";
import { inject } from "vitest";

/** Bundles an app's entry into one script; its exports are the members of the global `app`. */
export async function bundleApp(
  dir: string,
  entry: string,
  define: Record<string, string> = {},
): Promise<string> {
  const options = { bundle: true, write: false, format: "iife", globalName: "app", define } as const;
  const { outputFiles } = await build({ entryPoints: [entry], absWorkingDir: dir, ...options });
  return outputFiles[0]?.text ?? "";
}

export interface ServedApp {
  close(): void;
}

/**
 * Serves an app's files by path at an origin that may read the stack's responses. A real server, not intercepted
 * requests: Chromium keeps pages without a real address from requesting local addresses.
 */
export async function serveApp(files: Record<string, string>): Promise<ServedApp> {
  const server = createServer(({ url = "" }, response) => {
    const [path = ""] = url.split("?");
    const type = extname(path) === "" ? "text/html" : "text/javascript";
    response.writeHead(path in files ? 200 : 404, { "content-type": type }).end(files[path]);
  }).listen(Number(new URL(inject("appOrigin")).port), "localhost");
  await once(server, "listening");
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
