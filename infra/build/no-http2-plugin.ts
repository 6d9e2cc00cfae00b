import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const path = fileURLToPath(new URL("replacements/no-http2.ts", import.meta.url));

/** The alias for a relative import of got, and for one of Node's modules in got only. */
export const noHttp2: Plugin = {
  name: "no-http2",
  setup(build) {
    build.onResolve({ filter: /^node:http2$|\/http2-client\.js$/ }, ({ importer }) =>
      /\/node_modules\/got\//.test(importer) ? { path } : undefined,
    );
  },
};
