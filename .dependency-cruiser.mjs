// Which module may import which (README, "Finding your way"), types included; `npm run check` holds the code to it.

/**
 * The first prefix that fits a file names its layer; its imports of other files must lie in the layers listed.
 * @type {readonly (readonly [prefix: string, mayImport: readonly string[]])[]}
 */
const layers = [
  ["lib/platform/", []],
  ["lib/contract/", []],
  ["lib/ringcentral/", ["lib/storage/", "lib/platform/"]],
  ["lib/storage/", ["lib/platform/"]],
  ["lib/numbers/", ["lib/contract/", "lib/ringcentral/", "lib/storage/", "lib/platform/"]],
  ["lib/sync/", ["lib/contract/", "lib/numbers/", "lib/ringcentral/", "lib/storage/", "lib/platform/"]],
  ["lib/http/", ["lib/contract/", "lib/ringcentral/", "lib/storage/", "lib/platform/"]],
  // For apps: it knows of the rest only what the OpenAPI file says.
  ["lib/client/", []],
  // For browsers: what is said of problems comes from the contract, everything else from the API while it runs.
  ["lib/pages/", ["lib/contract/"]],
  // The composition root, and what adapts Lambda to a use case.
  ["lib/runtime/", ["lib/"]],
  ["functions/", ["lib/", "docs/openapi.json", "package.json"]],
  // The twin reads RingCentral's documentation on its own: shared code would share its mistakes.
  ["test/twin/", []],
  ["test/", ["lib/", "functions/", "infra/", "docs/", "package.json"]],
  // It speaks to RingCentral as the functions do.
  ["infra/doctor/", ["infra/", "lib/ringcentral/", "lib/platform/"]],
  ["infra/", ["lib/contract/", "lib/pages/", "lib/platform/", "test/twin/", "package.json"]],
];

/** Packages that only one place may import. @type {Record<string, readonly string[]>} */
const keepers = {
  got: ["lib/ringcentral/"],
  "@aws-sdk/client-dynamodb": ["lib/storage/", "infra/local/", "test/"],
  "@aws-sdk/client-secrets-manager": ["lib/platform/", "infra/doctor/", "test/"],
  "@aws-sdk/client-sqs": ["lib/platform/", "infra/local/", "test/"],
  "@aws-sdk/client-eventbridge": ["lib/platform/", "test/"],
  "libphonenumber-js": ["lib/numbers/", "test/"],
  "openapi-fetch": ["lib/client/"],
};

const literally = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
const startingWith = (prefixes) => prefixes.map((prefix) => `^${literally(prefix)}`);
const ours = startingWith(["functions/", "lib/", "infra/", "test/", "docs/", "package.json"]);

const directions = layers.map(([prefix, mayImport], index) => {
  const inner = layers.slice(0, index).flatMap(([other]) => (other.startsWith(prefix) ? [other] : []));
  return {
    name: `${prefix} imports ${[prefix, ...mayImport].join(", ")} only`,
    severity: "error",
    from: { path: startingWith([prefix]), pathNot: startingWith(inner) },
    to: { path: ours, pathNot: startingWith([prefix, ...mayImport]) },
  };
});

const homes = Object.entries(keepers).map(([name, places]) => ({
  name: `${name} is for ${places.join(", ")}`,
  severity: "error",
  from: { pathNot: startingWith(places) },
  to: { path: `(^|/)node_modules/${literally(name)}/` },
}));

export default {
  forbidden: [
    ...directions,
    ...homes,
    {
      name: "zod is for nothing: it costs 25 ms of every cold start, zod/mini two",
      severity: "error",
      from: { path: ours },
      to: { path: "(^|/)node_modules/zod/", pathNot: "(^|/)node_modules/zod/mini/" },
    },
    {
      name: "modules that need each other: the one that runs first finds the other empty",
      severity: "error",
      from: { path: ours },
      // Types are gone by then, and what is loaded later finds everything there.
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only", "dynamic-import"] } },
    },
    {
      name: "what is deployed needs only what is a dependency of production",
      severity: "error",
      from: {
        path: startingWith(["functions/", "lib/"]),
        pathNot: startingWith(["lib/pages/", "lib/client/"]),
      },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "what is imported is there",
      severity: "error",
      from: { path: ours },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^lib/client/dist/|^test/support/client-app/" },
    // dependency-cruiser does not read TypeScript 7 yet.
    parser: "swc",
    // Imports of types too: a layer that knows another's types depends on it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".d.ts", ".js", ".mjs", ".json"],
      conditionNames: ["node", "import", "types", "default"],
      exportsFields: ["exports"],
      mainFields: ["module", "main", "types"],
    },
  },
};
