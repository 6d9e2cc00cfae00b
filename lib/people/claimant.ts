/** What a verified access token says of its caller. */
export interface Claimant {
  issuer: string;
  /** The token's `sub`, else its client. */
  subject: string;
  scopes: ReadonlySet<string>;
  /** One of the served accounts. Absent: the token names none. */
  accountId?: string;
  extensionId?: string;
  /** `verified` is the claim beside it, as sent. */
  email?: { address: string; verified: unknown };
  /** A client's own token, which is no person's. */
  isClient: boolean;
  /** The token is this service's own: the person of the extension has signed in with RingCentral. */
  signedInWithRingCentral?: true;
}

/** The caller: a claimant of one account, and the extension that is its own, if there is one. */
export interface Caller {
  /** The person's, or the client's: its pseudonym in records, logs and shares. */
  id: string;
  scopes: ReadonlySet<string>;
  /** One of the served accounts; every upstream call is bound to it. */
  accountId: string;
  extensionId?: string;
  foundBy: FoundBy;
  /** The extension's person has signed in with RingCentral. */
  signedInWithRingCentral?: true;
  /** Why the caller has no extension. */
  unmatched?: Unmatched;
}

/** How a caller's extension was found. */
export type FoundBy = "claim" | "administrator" | "email" | "none";

/** Why a sign-in has no extension, with a sentence for the caller. */
export const unmatchedReasons = {
  client_token: "The token is a client's own, and names no extension to be `me`.",
  no_email: "The token names no extension, and no e-mail to find one by.",
  email_malformed: "The token's e-mail cannot be compared with the company directory.",
  email_unverified: "The token does not say that its e-mail is verified.",
  no_entry: "No user in the company directory has the token's e-mail.",
  several_entries: "Several users in the company directory have the token's e-mail.",
  look_alike: "A user in the company directory has an e-mail that looks like the token's.",
  extension_disabled: "The extension is not enabled.",
  extension_gone: "The extension is not in the company directory.",
  extension_reassigned: "The extension has another e-mail since this sign-in was connected with it.",
  another_account: "The sign-in is connected with an extension of another account.",
  account_not_served: "The sign-in is connected with an account that is not served here.",
} as const;
export type Unmatched = keyof typeof unmatchedReasons;
