import type * as z from "zod/mini";
import type { FieldError } from "../contract/problems.ts";

type Place = FieldError["in"];
type Issue = z.core.$ZodIssue;

/**
 * Field errors for a schema's issues, the first one of each field. They never repeat a value: it may be a phone number or
 * a secret.
 * @param known the fields that the place may have at its top
 */
export function fieldErrors(place: Place, issues: readonly Issue[], known?: readonly string[]): FieldError[] {
  const errors = issues.flatMap((issue) => {
    // A query parameter is one text, whatever a schema splits it into.
    const field = (place === "query" ? issue.path.slice(0, 1) : issue.path).map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      const names = issue.path.length === 0 ? known : undefined;
      return issue.keys.map((key) => unknownField(place, join(field, printable(key)), names));
    }
    const { code, detail } = describe(issue);
    return [fieldError(place, field === "" ? place : field, code, detail)];
  });
  return errors.filter(({ field }, at) => errors.findIndex((other) => other.field === field) === at);
}

export function unknownField(place: Place, field: string, known?: readonly string[]): FieldError {
  const names = known?.length === 0 ? " There are none here." : known && ` Known here: ${known.join(", ")}.`;
  return fieldError(place, field, "unknown", `Not a known field.${names ?? ""}`);
}

export function fieldError(place: Place, field: string, code: string, detail: string): FieldError {
  return { in: place, field, code, detail };
}

const units: Readonly<Record<string, string>> = { string: "character", array: "item" };

function bound({ origin }: { origin: string }, limit: number | bigint, code: string, side: "least" | "most") {
  const unit = units[origin];
  if (unit === undefined) return { code: "out_of_range", detail: `Must be at ${side} ${limit}.` };
  return { code, detail: `Must have at ${side} ${limit} ${unit}${limit === 1 ? "" : "s"}.` };
}

function describe(issue: Issue): { code: string; detail: string } {
  if (issue.input === null && issue.path.length > 0) {
    return { code: "required", detail: "This field cannot be removed: it must have a value." };
  }
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? { code: "required", detail: "This field is required." }
        : { code: "type", detail: `Must be of type ${issue.expected}.` };
    case "too_big":
      return bound(issue, issue.maximum, "too_long", "most");
    case "too_small":
      return bound(issue, issue.minimum, "too_short", "least");
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
