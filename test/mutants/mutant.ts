/** One rule of a protocol, and how to break it: a text of the source, and what stands in its place. */
export interface Mutant {
  /** Unique in all tables. */
  id: string;
  /** What is true of the broken code. */
  rule: string;
  /** Occurs once in its file. */
  text: string;
  replacement: string;
  /** Test files under `test/`, without `.test.ts`: one of them at least fails. Tried in this order. */
  tests: readonly string[];
  /** The test among them that fails: the others are not run. */
  title?: string;
  /** For a property that needs other seeds than the usual ones. */
  env?: Readonly<Partial<Record<"DEEP_RUNS" | "FIRST_SEED", string>>>;
  /** Why no test can fail, or none has to. */
  harmless?: string;
}

export interface Protocol {
  /** As `--only` takes it. */
  name: string;
  title: string;
  /** By source file. */
  files: Readonly<Record<string, readonly Mutant[]>>;
}

/** A mutant and its file. */
export type Placed = Mutant & { file: string };

export const mutantsOf = ({ files }: Protocol): Placed[] =>
  Object.entries(files).flatMap(([file, mutants]) => mutants.map((mutant) => ({ ...mutant, file })));

export const testFile = (test: string) => `test/${test}.test.ts`;

/** The source with the mutant. @throws Error unless its text is there once */
export function mutated(source: string, { id, text, replacement }: Mutant): string {
  const count = source.split(text).length - 1;
  if (count !== 1) throw new Error(`the text of mutant ${id} occurs ${count} times in its file`);
  return source.replace(text, () => replacement);
}
