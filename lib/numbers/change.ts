import { ProblemError } from "../contract/problems.ts";

/** A change must change something; `country` only explains another field. @throws ProblemError */
export function requireChange(body: Readonly<Record<string, unknown>>): void {
  const fields = Object.entries(body).filter(([field, value]) => field !== "country" && value !== undefined);
  if (fields.length > 0) return;
  const detail = "Name at least one field to change.";
  throw new ProblemError("request_invalid", {
    detail,
    errors: [{ in: "body", field: "", code: "required", detail }],
  });
}
