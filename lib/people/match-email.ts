import { type DirectoryEntry, isEnabled } from "./directory/entry.ts";

/** Why an e-mail names no extension. */
export type EmailDoubt =
  | "email_malformed"
  | "email_unverified"
  | "no_entry"
  | "several_entries"
  | "look_alike"
  | "extension_disabled";

/** An entry, and the account that has it. */
export interface Candidate {
  accountId: string;
  entry: DirectoryEntry;
}

export type EmailMatch = { found: Candidate; doubt?: undefined } | { found?: undefined; doubt: EmailDoubt };

/** Printable ASCII on both sides. What another alphabet can imitate is not matched at all. */
const ASCII_EMAIL = /^[\x21-\x3f\x41-\x7e]{1,64}@[A-Za-z0-9.-]{1,253}$/;

/** ASCII letters only: `toLowerCase` turns the Kelvin sign into a k. */
export const foldAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** What an e-mail looks like: texts that a person or another system may take for the same share it. */
export function appearance(email: string): string {
  const plain = email.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD");
  // Combining marks, and characters without any width.
  return plain.replace(/[\p{M}\p{Cf}\p{Cc}\p{Z}\s]/gu, "").replaceAll("ı", "i");
}

/** Whether the claim says so: providers send `true`, and some the text. */
export const isVerified = (claim: unknown) => claim === true || claim === "true";

/** Only users have e-mails that are a person's own: a queue has its manager's. */
export const isPerson = ({ type }: DirectoryEntry) => type === "User";

/**
 * The extension whose entry alone has this e-mail. Two entries with it, or with one that looks like it, are doubt, and
 * doubt is no match: whatever their status, either may be the person.
 * @param lookAlikes the entries of persons whose e-mails have the same `appearance`
 */
export function matchEmail(
  { email, verified }: { email: string; verified: unknown },
  lookAlikes: readonly Candidate[],
): EmailMatch {
  if (!isVerified(verified)) return { doubt: "email_unverified" };
  if (!ASCII_EMAIL.test(email)) return { doubt: "email_malformed" };
  const [one, another] = lookAlikes;
  if (one === undefined) return { doubt: "no_entry" };
  const isSame = ({ entry }: Candidate) => foldAscii(entry.email ?? "") === foldAscii(email);
  if (another !== undefined) return { doubt: lookAlikes.every(isSame) ? "several_entries" : "look_alike" };
  if (!isSame(one)) return { doubt: "look_alike" };
  return isEnabled(one.entry) ? { found: one } : { doubt: "extension_disabled" };
}
