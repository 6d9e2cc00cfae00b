import { type Section, table } from "../bench/report.ts";
import { mutantsOf, type Placed, type Protocol } from "./mutant.ts";

export const COMMAND = "npm run test:mutants";

/** A mutant that was tried. */
export type Tried = { mutant: Placed; protocol: string; ms: number } & (
  | { state: "killed"; by: string }
  | { state: "survived" | "not loaded" }
);

const layers = { unit: "unit tests", property: "property tests", integration: "integration tests" };

/** @param minutes that all of it took */
export function toSection(protocols: readonly Protocol[], tried: readonly Tried[], minutes: number): Section {
  const rowOf = (title: string, of: readonly Tried[]) => {
    const killers = of.flatMap((one) => (one.state === "killed" ? [one.by.split("/")[0]] : []));
    const counts = Object.keys(layers).map((layer) => killers.filter((killer) => killer === layer).length);
    return [title, of.length, ...counts, of.length - killers.length];
  };
  const rows = protocols.map(({ name, title }) =>
    rowOf(
      title,
      tried.filter((one) => one.protocol === name),
    ),
  );
  // In the tables' order, which is the same in each run.
  const harmless = protocols
    .flatMap(mutantsOf)
    .flatMap(({ file, rule, harmless }) =>
      harmless === undefined ? [] : [`- \`${file}\`: ${rule} ${harmless}`],
    );
  const text = [
    `Each of ${tried.length} rules is broken by hand, one at a time, under the tests that must notice it. The tables in
     \`test/mutants/tables\` name the rule, the text that is replaced, and those tests. A rule whose breaking no test
     notices fails the command. It takes ${Math.ceil(minutes)} minutes; \`-- --only sync\` tries one protocol.`,
    table(["protocol", "rules", ...Object.values(layers), "harmless"], [...rows, rowOf("all", tried)]),
    ...(harmless.length === 0
      ? []
      : ["Breaking these does no harm, or none that a test could see:", harmless.join("\n")]),
  ];
  return { title: "Rules that tests hold", text: text.join("\n\n") };
}
