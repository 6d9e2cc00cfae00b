import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../infra/build/bundle.ts";
import { findFreePort } from "../../infra/local/ports.ts";
import { type ClientApp, codeIn, expectedTour, installClientApp } from "../support/client-app.ts";
import { copyCheckout } from "./checkout.ts";
import { endStack, type NpmStart, npmStart, type StackFile, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
let started: NpmStart;
let stack: StackFile;
let app: ClientApp;

beforeAll(async () => {
  started = npmStart({ dir: checkout.dir, port: await findFreePort() });
  stack = await untilReady(started, checkout.dir);
  app = installClientApp();
});
afterAll(async () => {
  await endStack(started);
  checkout.remove();
  app?.remove();
});

/** Declarations that the documents' examples expect from the surrounding app. */
const surroundings = `
interface ImportMeta { readonly env: { VITE_RINGFRONT_URL: string; VITE_RINGFRONT_CLIENT: string } }
declare const session: { accessToken(options: { forceRefresh: boolean }): Promise<string> };
declare function show(errors: readonly { field: string; detail: string }[] | undefined): void;
declare function tryLater(seconds: number | undefined): void;
declare function showSignInButton(): void;
declare function showNumbers(): void;
/** As Expo declares them. */
declare const SecureStore: {
  getItemAsync(key: string): Promise<string | null>;
  setItemAsync(key: string, value: string): Promise<void>;
  deleteItemAsync(key: string): Promise<void>;
};
declare const ExpoCrypto: {
  CryptoDigestAlgorithm: { SHA256: "SHA-256" };
  digest(algorithm: "SHA-256", data: BufferSource): Promise<ArrayBuffer>;
};
declare const WebBrowser: {
  openAuthSessionAsync(url: string, redirectUrl?: string | null): Promise<{ type: "cancel" } | { type: "success"; url: string }>;
};
`;

/** The guides of docs/guides with TypeScript, in which `ringfront` and `me` are known. */
const guides = ["auth", "paging", "errors", "idempotency", "caching", "change-feed"];
const samplesOf = (name: string) => `
import { createClient, isProblem, PhoneNumberMirror, type RingfrontClient, unwrap } from "ringfront-client";
declare const ringfront: RingfrontClient;
const me = { path: { extensionId: "me" } };
${codeIn(`docs/guides/${name}.md`, "ts").join("\n")}
export {};
`;

interface Compilation {
  /** The package.json of the TypeScript to compile with. */
  compiler: string;
  module: string;
  moduleResolution: string;
  exactOptionalPropertyTypes: boolean;
}

function compile({ compiler, ...options }: Compilation) {
  const sources = {
    "guide.ts": codeIn("docs/guides/first-app.md", "ts")[0],
    ...Object.fromEntries(guides.map((name) => [`${name}.ts`, samplesOf(name)])),
    "readme.ts": codeIn("lib/client/README.md", "ts").join("\n"),
    "surroundings.d.ts": surroundings,
  };
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(app.dir, name), text);
  const environment = { target: "es2022", lib: ["es2022", "dom", "dom.iterable"] };
  const compilerOptions = { noEmit: true, strict: true, skipLibCheck: false, ...environment, ...options };
  const files = ["tour.ts", ...Object.keys(sources)];
  writeFileSync(join(app.dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const require = createRequire(join(projectRoot, compiler));
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  execFileSync(process.execPath, [tsc, "--project", app.dir], { stdio: ["ignore", "inherit", "inherit"] });
}

describe("an app that installs the client", () => {
  test.each<Compilation>([
    {
      compiler: "package.json",
      module: "esnext",
      moduleResolution: "bundler",
      exactOptionalPropertyTypes: true,
    },
    {
      compiler: "lib/client/package.json",
      module: "nodenext",
      moduleResolution: "nodenext",
      exactOptionalPropertyTypes: false,
    },
  ])(
    "compiles with the documents' examples, and its mistakes do not: $module, TypeScript of $compiler",
    compile,
  );

  test("works in Node: it reads, pages, writes once over an unreliable network, follows the feed, and tells problems apart", async () => {
    const { tour } = await import(pathToFileURL(app.entry).href);
    const seen = await tour({
      apiUrl: stack.apiUrl,
      tokens: stack.tokens,
      newNumber: "+12025550191",
      foreignExtensionId: stack.otherExtensionId,
    });
    expect(seen).toMatchObject(expectedTour);
    expect(seen.paged.items).toBeGreaterThan(3);
    expect(seen.paged).toEqual({
      items: seen.paged.total,
      distinct: seen.paged.total,
      total: seen.paged.total,
    });
    expect(seen.mirrored.size).toBeGreaterThan(seen.paged.total);
  });
});
