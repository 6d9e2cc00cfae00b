import { createHash } from "node:crypto";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";

/**
 * The client in a realm with the globals of an app on React Native (0.7x with Hermes, `react-native-get-random-values`), as
 * they are documented there: no `crypto.subtle`, no `btoa`, no `TextEncoder`, no locks, no window, and a `URL` without parts.
 */
export async function clientOnReactNative(fetch: (request: Request) => Promise<Response>) {
  const { outputFiles } = await build({
    entryPoints: ["lib/client/src/index.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "client",
  });
  const realm = createContext({
    fetch,
    Request,
    Response,
    Headers,
    AbortController: PlainAbortController,
    URL: PlainUrl,
    URLSearchParams: PlainSearchParams,
    setTimeout,
    clearTimeout,
    crypto: { getRandomValues: (bytes: Uint8Array) => crypto.getRandomValues(bytes) },
    navigator: { product: "ReactNative" },
  });
  runInContext(outputFiles[0]?.text ?? "", realm);
  const client: typeof import("../../lib/client/src/index.ts") = runInContext("client", realm);
  return { client, sha256: (bytes: Uint8Array) => createHash("sha256").update(bytes).digest() };
}

/** Without the static methods. */
const PlainAbortController = class {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  abort = () => this.#controller.abort();
};

const missing = (name: string) => (): never => {
  throw new Error(`React Native: ${name} is not implemented`);
};

class PlainUrl {
  readonly href: string;
  constructor(href: string) {
    this.href = href;
  }
  get searchParams() {
    return missing("URL.searchParams")();
  }
  get pathname() {
    return missing("URL.pathname")();
  }
  toString = () => this.href;
}

class PlainSearchParams {
  get = missing("URLSearchParams.get");
  set = missing("URLSearchParams.set");
}
