/** The caller, from a verified access token. */
export interface Caller {
  /** The token's `sub`. */
  subject: string;
  scopes: ReadonlySet<string>;
  /** From the claim `rc_account_id`; every upstream call is bound to it. */
  accountId: string;
  /** From the claim `rc_extension_id`; a machine token has none. */
  extensionId?: string;
}
