// A process that runs test files with one mutant after the other, in one Vitest: a mutant's file is transformed anew,
// and everything else comes from memory.
import { join } from "node:path";
import { inspect } from "node:util";
import { createVitest, type TestModule } from "vitest/node";
import { projectRoot } from "../../infra/build/bundle.ts";
import type { Job, Outcome } from "./messages.ts";
import { mutated, type Placed, testFile } from "./mutant.ts";

let current: Placed | undefined;
let isLoaded = false;

const vitest = await createVitest(
  {
    config: false,
    root: projectRoot,
    watch: false,
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/fixed-seeds.ts"],
    bail: 1,
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    silent: true,
    reporters: [{}],
    // A mutated file must not be kept as the source's.
    fsModuleCache: false,
  },
  {
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        transform(code, id) {
          if (current === undefined || id.split("?")[0] !== pathOf(current)) return undefined;
          isLoaded = true;
          return mutated(code, current);
        },
      },
    ],
  },
);
await vitest.standalone();

function pathOf({ file }: Placed): string {
  return join(projectRoot, file);
}

async function run({ mutant, tests, title }: Job): Promise<Outcome> {
  const before = current;
  current = mutant;
  isLoaded = false;
  for (const one of [before, mutant]) if (one !== undefined) vitest.invalidateFile(pathOf(one));
  for (const name of ["DEEP_RUNS", "FIRST_SEED"] as const) {
    if (mutant?.env?.[name] === undefined) delete process.env[name];
    else process.env[name] = mutant.env[name];
  }
  if (title === undefined) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(patternOf(title));
  for (const test of tests) {
    const failure = await failureIn(test);
    if (failure !== undefined) return { failed: { test, ...failure }, isLoaded };
  }
  return { isLoaded };
}

/** Runs one file. */
async function failureIn(test: string): Promise<{ title: string; reason: string } | undefined> {
  const path = join(projectRoot, testFile(test));
  const specifications = await vitest.getRelevantTestSpecifications([path]);
  // It tells of the files of earlier runs too.
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const module = testModules.find(({ moduleId }) => moduleId === path);
  if (module === undefined) return { title: "no test", reason: `${path} did not run` };
  const [error] = unhandledErrors;
  if (error !== undefined) return { title: "an error outside of the tests", reason: inspect(error) };
  const hasRun = [...module.children.allTests()].some((each) => each.result().state !== "skipped");
  return module.ok() && !hasRun
    ? { title: "no test", reason: `${path} has no such test` }
    : failureOf(module);
}

function failureOf(module: TestModule): { title: string; reason: string } | undefined {
  if (module.ok()) return undefined;
  const [failed] = module.children.allTests("failed");
  const [error] = failed?.result().errors ?? module.errors();
  return { title: failed?.name ?? "the file", reason: error?.message ?? "" };
}

/** A title as the file has it, with the places of a table's values. */
function patternOf(title: string): RegExp {
  const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    title
      .split(/%[a-z]|\$[a-zA-Z]+/)
      .map(literally)
      .join(".*"),
  );
}

process.on("disconnect", () => process.exit(0));
process.on("message", (job: Job) => {
  run(job).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.("ready");
