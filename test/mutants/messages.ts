import type { Placed } from "./mutant.ts";

/** What a worker is to run: test files with a mutant, or as they are. */
export interface Job {
  mutant?: Placed;
  tests: readonly string[];
  title?: string | undefined;
}

/** `failed`: the first test that failed, and its file. `isLoaded`: a test has loaded the mutant's file. */
export interface Outcome {
  failed?: { test: string; title: string; reason: string };
  isLoaded: boolean;
}
