import type { CredentialSource } from "../platform/credentials.ts";
import type { Settings } from "../platform/settings.ts";
import { SharedTokenCalls, type TokenCallsOptions } from "../ringcentral/auth/token-calls.ts";

interface AccountAppDeps extends Omit<TokenCallsOptions, "appOf" | "callsPerMinute"> {
  settings: Pick<Settings, "RINGCENTRAL_SECRET_ID" | "RINGCENTRAL_SECRET_PREFIX" | "TOKEN_CALLS_PER_MINUTE">;
  credentialsOf(secretId: string): CredentialSource;
}

/** The RingCentral app that serves an account: its credentials, and its token calls, which all its users share. */
export function connectApp({ settings, credentialsOf, ...deps }: AccountAppDeps, accountId: string) {
  const secretId = settings.RINGCENTRAL_SECRET_ID ?? `${settings.RINGCENTRAL_SECRET_PREFIX}${accountId}`;
  const credentials = credentialsOf(secretId);
  const tokenCalls = new SharedTokenCalls({
    ...deps,
    callsPerMinute: settings.TOKEN_CALLS_PER_MINUTE,
    appOf: (deadline) => credentials.current(deadline),
  });
  return { credentials, tokenCalls };
}
