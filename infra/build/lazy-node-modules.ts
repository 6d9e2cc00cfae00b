import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

/**
 * Loads Node's own modules when the code that uses them first runs. esbuild would hoist each `import` of one to the top
 * of the bundle, also from dynamically imported modules. Every cold start, even for a rejected request, would then load
 * http, http2, tls and zlib first: about 35 of 75 ms.
 */
export const lazyNodeModules: Plugin = {
  name: "lazy-node-modules",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_/0-9]+$/ }, ({ path }) =>
      names.has(path)
        ? { path: path.replace(/^node:/, ""), namespace: "node-module", sideEffects: false }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "node-module" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
      loader: "js",
    }));
  },
};
