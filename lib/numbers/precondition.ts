import { ProblemError } from "../contract/problems.ts";
import { contentTag } from "../platform/content-tag.ts";

/**
 * `If-Match` (RFC 9110, 13.1.1) against the resource as it is now. Compares strongly, so a weak tag never matches.
 * RingCentral has no such condition: a change by somebody else within the moments between our reading and our
 * write goes unnoticed.
 * @throws ProblemError `precondition_failed`
 */
export function requireMatch(ifMatch: string | undefined, current: unknown): void {
  if (ifMatch === undefined) return;
  const tag = contentTag(current);
  const matches = ifMatch
    .split(",")
    .some((candidate) => candidate.trim() === "*" || candidate.trim() === tag);
  if (!matches) throw new ProblemError("precondition_failed");
}
