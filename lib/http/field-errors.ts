import type * as z from "zod/mini";
import type { FieldError } from "../contract/problems.ts";

type Place = FieldError["in"];
type Issue = z.core.$ZodIssue;

/** Field errors for a schema's issues. They never repeat a value: it may be a phone number or a secret. */
export function fieldErrors(place: Place, issues: readonly Issue[]): FieldError[] {
  return issues.flatMap((issue) => {
    // A query parameter is one text, whatever a schema splits it into.
    const field = (place === "query" ? issue.path.slice(0, 1) : issue.path).map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownField(place, join(field, printable(key))));
    }
    const { code, detail } = describe(issue);
    return [fieldError(place, field === "" ? place : field, code, detail)];
  });
}

export const unknownField = (place: Place, field: string) =>
  fieldError(place, field, "unknown", "Not a known field.");

export function fieldError(place: Place, field: string, code: string, detail: string): FieldError {
  return { in: place, field, code, detail };
}

function describe(issue: Issue): { code: string; detail: string } {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? { code: "required", detail: "This field is required." }
        : { code: "type", detail: `Must be of type ${issue.expected}.` };
    case "too_big":
      return issue.origin === "string" || issue.origin === "array"
        ? { code: "too_long", detail: `Must be no longer than ${issue.maximum}.` }
        : { code: "out_of_range", detail: `Must be at most ${issue.maximum}.` };
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? { code: "too_short", detail: `Must be at least ${issue.minimum} long.` }
        : { code: "out_of_range", detail: `Must be at least ${issue.minimum}.` };
    case "invalid_value":
      return { code: "not_one_of", detail: `Must be one of: ${issue.values.map(String).join(", ")}.` };
    case "custom":
      return { code: String(issue.params?.code ?? "format"), detail: issue.message };
    default:
      // The contract has a sentence for each of its patterns.
      return { code: "format", detail: issue.message };
  }
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`);

/** The harmless characters of a name that the caller chose. */
export function printable(name: string): string {
  return name.replace(/[^\w.$-]/g, "?").slice(0, 64);
}
