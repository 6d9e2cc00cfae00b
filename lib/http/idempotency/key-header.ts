import { ProblemError } from "../../contract/problems.ts";
import { fieldError } from "../field-errors.ts";

/** Quoted as a structured-field string, as the IETF draft has it, or bare, as most clients send it. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e]{1,255}$/;

/**
 * The value of `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
 * @throws ProblemError `request_invalid` unless it is 1 to 255 printable ASCII characters
 */
export function parseIdempotencyKey(header: string): string {
  const text = header.trim();
  const quoted = QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, "$1");
  const key = quoted ?? (BARE.test(text) ? text : undefined);
  if (key !== undefined && key.length >= 1 && key.length <= 255) return key;
  throw new ProblemError("request_invalid", {
    errors: [
      fieldError("header", "Idempotency-Key", "format", "Must be 1 to 255 printable ASCII characters."),
    ],
  });
}
