// Checks every import against the rules in .dependency-cruiser.mjs.
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import config from "../../.dependency-cruiser.mjs";
import { projectRoot } from "./bundle.ts";

/**
 * @param root the folder with `functions`, `lib`, `infra`, `test` and `node_modules`
 * @returns a sentence for each import that breaks a rule
 */
export async function findForbiddenImports(root: string, folders: readonly string[]): Promise<string[]> {
  const { enhancedResolveOptions, ...options } = config.options;
  const { output } = await cruise(
    [...folders],
    { ...options, baseDir: root, validate: true, ruleSet: { forbidden: config.forbidden } } as ICruiseOptions,
    enhancedResolveOptions,
  );
  if (typeof output === "string") throw new Error(output);
  return output.summary.violations.map(sentenceFor);
}

type Violation = ICruiseResult["summary"]["violations"][number];

function sentenceFor({ from, to, rule, cycle }: Violation): string {
  const way = [from, ...(cycle?.map(({ name }) => name) ?? [to])].join(" -> ");
  return `${way}: ${rule.name}`;
}

if (import.meta.main) {
  const problems = await findForbiddenImports(projectRoot, ["functions", "lib", "infra", "test"]);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
