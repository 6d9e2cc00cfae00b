// Which layer may import which, types included (docs/architecture.md, "Layers"); `npm run check` enforces it.

/**
 * The first prefix that fits a file names its layer; its imports of other files must lie in the layers listed.
 * @type {readonly (readonly [prefix: string, mayImport: readonly string[]])[]}
 */
const layers = [
  ["lib/platform/", []],
  ["lib/contract/", []],
  ["lib/storage/", ["lib/platform/"]],
  // The client of RingCentral: API and HTTP, the state that the fleet shares, and the calls at its root.
  ["lib/ringcentral/api/", ["lib/platform/"]],
  ["lib/ringcentral/http/", ["lib/ringcentral/api/", "lib/platform/"]],
  ["lib/ringcentral/cache/", ["lib/ringcentral/api/", "lib/storage/", "lib/platform/"]],
  [
    "lib/ringcentral/auth/",
    ["lib/ringcentral/http/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"],
  ],
  [
    "lib/ringcentral/rate-limit/",
    ["lib/ringcentral/http/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"],
  ],
  ["lib/ringcentral/", ["lib/platform/"]],
  // The use cases stand on their tools, and on the forwarding numbers of both call-handling backends.
  ["lib/numbers/shared/", ["lib/contract/", "lib/ringcentral/api/", "lib/platform/"]],
  [
    "lib/numbers/forwarding/",
    ["lib/numbers/shared/", "lib/contract/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"],
  ],
  ["lib/numbers/", ["lib/contract/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"]],
  // The sync: its use cases and the webhook lead to the queue, the queue to a run, a run to the snapshot.
  ["lib/sync/snapshot/", ["lib/contract/", "lib/numbers/", "lib/storage/", "lib/platform/"]],
  [
    "lib/sync/run/",
    [
      "lib/sync/snapshot/",
      "lib/contract/",
      "lib/numbers/",
      "lib/ringcentral/api/",
      "lib/ringcentral/http/",
      "lib/storage/",
      "lib/platform/",
    ],
  ],
  ["lib/sync/queue/", ["lib/sync/run/", "lib/contract/", "lib/platform/"]],
  [
    "lib/sync/webhook/",
    ["lib/sync/queue/", "lib/contract/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"],
  ],
  ["lib/sync/", ["lib/contract/", "lib/numbers/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"]],
  // Who a caller is: the copy of the directory, then people's records and the use cases.
  [
    "lib/people/",
    ["lib/numbers/shared/", "lib/contract/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"],
  ],
  ["lib/http/idempotency/", ["lib/contract/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"]],
  ["lib/http/", ["lib/people/", "lib/contract/", "lib/ringcentral/api/", "lib/storage/", "lib/platform/"]],
  // The OAuth server, as which apps sign people in; RingCentral's client for the log-in itself.
  [
    "lib/sign-in/",
    ["lib/ringcentral/auth/", "lib/ringcentral/api/", "lib/contract/", "lib/storage/", "lib/platform/"],
  ],
  // For apps: it knows only the OpenAPI file.
  ["lib/client/", []],
  // For browsers: the problem catalogue comes from the contract, everything else from the running API, by the client.
  ["lib/pages/", ["lib/contract/", "lib/client/"]],
  // The composition root, and the adapters from Lambda to use cases.
  ["lib/runtime/", ["lib/"]],
  ["functions/", ["lib/", "docs/openapi.json", "package.json"]],
  // The twin follows RingCentral's documentation independently: shared code would share mistakes.
  ["test/twin/", []],
  ["test/", ["lib/", "functions/", "infra/", "docs/", "package.json"]],
  // The doctor calls RingCentral with the functions' own client, and reads tokens as they do.
  ["infra/people/", ["infra/", "lib/contract/", "lib/people/"]],
  ["infra/onboarding/", ["infra/", "lib/platform/"]],
  ["infra/sign-in/", ["infra/", "lib/sign-in/", "lib/platform/"]],
  [
    "infra/doctor/",
    ["infra/", "lib/contract/", "lib/http/", "lib/people/", "lib/ringcentral/", "lib/platform/"],
  ],
  ["infra/", ["lib/contract/", "lib/pages/", "lib/platform/", "test/twin/", "package.json"]],
];

/** Packages that only one place may import. @type {Record<string, readonly string[]>} */
const keepers = {
  got: ["lib/ringcentral/", "test/bench/peers/"],
  "@aws-sdk/client-dynamodb": ["lib/storage/", "infra/deploy/", "infra/erasure/", "infra/local/", "test/"],
  "@aws-sdk/client-secrets-manager": [
    "lib/platform/",
    "infra/deploy/",
    "infra/doctor/",
    "infra/local/",
    "infra/onboarding/",
    "infra/sign-in/",
    "test/",
  ],
  "@aws-sdk/client-sqs": ["lib/platform/", "infra/local/", "test/"],
  "@aws-sdk/client-eventbridge": ["lib/platform/", "infra/local/", "test/"],
  "libphonenumber-js": ["lib/numbers/", "test/"],
  "openapi-fetch": ["lib/client/"],
  "oidc-provider": ["lib/sign-in/"],
  oauth4webapi: ["lib/sign-in/", "test/"],
};

const literally = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
const startingWith = (prefixes) => prefixes.map((prefix) => `^${literally(prefix)}`);
const prefixes = startingWith(layers.map(([prefix]) => prefix));
const inALayer = "every file of lib lies in a layer";
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
  name: `${name} may be imported by ${places.join(", ")} only`,
  severity: "error",
  from: { pathNot: startingWith(places) },
  to: { path: `(^|/)node_modules/${literally(name)}/` },
}));

export default {
  forbidden: [
    ...directions,
    ...homes,
    {
      name: "import zod/mini, not zod: zod costs 25 ms of every cold start, zod/mini 2 ms",
      severity: "error",
      from: { path: ours },
      to: { path: "(^|/)node_modules/zod/", pathNot: "(^|/)node_modules/zod/mini/" },
    },
    {
      name: "no import cycles, types included",
      severity: "error",
      from: { path: ours },
      to: { circular: true },
    },
    {
      name: "deployed code imports only production dependencies",
      severity: "error",
      from: {
        path: startingWith(["functions/", "lib/"]),
        pathNot: startingWith(["lib/pages/", "lib/client/"]),
      },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    { name: inALayer, severity: "error", from: { path: "^lib/", pathNot: prefixes }, to: {} },
    { name: inALayer, severity: "error", from: { path: ours }, to: { path: "^lib/", pathNot: prefixes } },
    {
      name: "every import resolves",
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
