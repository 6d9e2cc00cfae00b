import { createHash } from "node:crypto";
import { createAuthenticate } from "../http/authenticate.ts";
import type { HandledRequest } from "../http/middleware-stack.ts";
import { createSharedKeys } from "../http/shared-keys.ts";
import type { Claimant } from "../people/claimant.ts";
import { Directories } from "../people/directory/directories.ts";
import { CallerFinder, type IdentifyRequest } from "../people/identify.ts";
import { createAuditLog } from "../platform/audit-log.ts";
import { keyOf } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import { readSettings } from "../platform/settings.ts";
import type { AccountRuntime } from "./account-runtime.ts";
import { type PaidRequest, Payers } from "./payers.ts";
import { createPrefetch } from "./prefetch.ts";
import { createShared, type RuntimeSources, type Shared } from "./shared.ts";

export type Runtime = ReturnType<typeof createRuntime>;

let instance: Runtime | undefined;
let sources: RuntimeSources = {};

/** The process's runtime. @throws ConfigurationError naming the setting that is missing or malformed */
export function runtime(): Runtime {
  instance ??= createRuntime(createShared(readSettings(process.env), sources));
  return instance;
}

/** Forgets all process state: the next `runtime()` is that of a cold start, with these sources. For tests. */
export function resetRuntime(replacements: RuntimeSources = sources): void {
  instance = undefined;
  sources = replacements;
}

/** The composition root: everything that outlives one invocation, made once per process on the first request. */
function createRuntime(shared: Shared) {
  const { settings, clock, random, records } = shared;
  const payers = new Payers(shared);
  const account = (accountId: string) => payers.account(accountId);

  const keys = keysOf(account);
  const directories = new Directories(keys, clock);
  const finder = new CallerFinder({
    directories,
    keys,
    clock,
    random,
    servedAccounts: settings.SERVED_ACCOUNTS,
  });

  return {
    settings,
    clock,
    random,
    records,
    ready: () => records.ready(),
    authenticate: createAuthenticate(
      settings,
      clock,
      shared.readJson,
      createSharedKeys(records, shared.sealingKeyFor("issuer-keys"), clock),
    ),
    prefetch: createPrefetch(shared, payers),
    audit: createAuditLog({
      group: settings.AUDIT_LOG_GROUP,
      clock,
      log: shared.log,
      metrics: shared.metrics,
    }),
    pseudonyms: shared.pseudonyms,
    identify: (claimant: Claimant, request: IdentifyRequest) => finder.identify(claimant, request),
    directories,
    ...keys,
    for: (request: PaidRequest) => payers.for(request),

    async afterRequest({ accountId, operation, codes, deadline }: HandledRequest): Promise<void> {
      const { activity, userBudgets } = account(accountId);
      for (const code of codes) activity.problem(operation, code);
      // The request has waited for the table already.
      if (codes.includes("storage_unavailable")) return;
      await Promise.all([activity.save(deadline), userBudgets.save(deadline)]);
    },

    /** Names the app, its user and its permissions: new credentials of the same user in the same app have the same one. */
    async permissionFingerprint(accountId: string, deadline: Deadline): Promise<string> {
      const { credentials, tokens } = account(accountId);
      const { server, clientId } = await credentials.current(deadline);
      const { ownerId, scope = "" } = await tokens.get(deadline);
      const permissions = scope.split(" ").sort();
      return createHash("sha256")
        .update(JSON.stringify([server, clientId, ownerId, permissions]))
        .digest("base64url");
    },
  };
}

/** Keys derived from an account's secret. @throws ConfigurationError */
function keysOf(account: (accountId: string) => AccountRuntime) {
  return {
    /** The key of that account for one purpose, made from its current secret. */
    async currentKey(purpose: string, accountId: string, deadline: Deadline): Promise<Uint8Array> {
      return keyOf(await account(accountId).credentials.current(deadline), purpose);
    },

    /** The keys of every secret that is still valid, read again: another instance may know a newer one. */
    async acceptedKeys(purpose: string, accountId: string, deadline: Deadline): Promise<Uint8Array[]> {
      const accepted = await account(accountId).acceptedSecrets(deadline);
      return accepted.map((credentials) => keyOf(credentials, purpose));
    },
  };
}
