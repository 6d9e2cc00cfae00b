import type { ProblemCode } from "../contract/problems.ts";

/** A problem as the edge tells it. */
export interface PartProblem {
  code: ProblemCode;
  status: number;
  retryable: boolean;
  [member: string]: unknown;
}

export interface PartFailure {
  error: unknown;
  problem: PartProblem;
}

/**
 * The failure to answer with instead of the parts that could be read.
 *
 * Strictly, any failure: the one that tells most (see `telling`). Otherwise only when every part was refused for the
 * same reason and that will not pass: then it is the request that is wrong, not a part of the answer.
 */
export function failsAsAWhole(
  mode: "partial" | "strict",
  failures: readonly PartFailure[],
  asked: number,
): PartFailure | undefined {
  const [first] = failures.toSorted((a, b) => telling(b.problem) - telling(a.problem));
  if (first === undefined || mode === "strict") return first;
  const isSame =
    failures.length === asked && failures.every(({ problem }) => problem.code === first.problem.code);
  return isSame && first.problem.status < 500 ? first : undefined;
}

/**
 * What a caller can act on comes first: what it asked for (4xx), then what an operator has to mend (not retryable),
 * then what says when to come back (503), then the rest.
 */
function telling({ status, retryable }: PartProblem): number {
  if (status < 500) return 4;
  if (!retryable) return 3;
  return status === 503 ? 2 : 1;
}
