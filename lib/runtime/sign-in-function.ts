import { AsyncLocalStorage } from "node:async_hooks";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { ProblemError } from "../contract/problems.ts";
import { defineRoute } from "../contract/route.ts";
import { type Audited, invocationOf } from "../http/invocation.ts";
import { type ApiHandler, buildStack } from "../http/middleware-stack.ts";
import { translatorFor } from "../http/upstream-problem.ts";
import { type AuditLog, createAuditLog } from "../platform/audit-log.ts";
import { systemClock } from "../platform/clock.ts";
import { deadlineIn } from "../platform/deadline.ts";
import { createLogger } from "../platform/logger.ts";
import { processMetrics } from "../platform/metrics.ts";
import { createSealingKeys } from "../platform/sealing-keys.ts";
import { createCredentialSource, createSecretSource } from "../platform/secrets.ts";
import { readSettings, type Settings } from "../platform/settings.ts";
import { createOAuth } from "../ringcentral/auth/oauth.ts";
import type { SessionUser } from "../ringcentral/auth/ports.ts";
import { StoredSessions } from "../ringcentral/auth/user-sessions.ts";
import { createTransport } from "../ringcentral/http/transport.ts";
import { auditedSessions, type SignInAct } from "../sign-in/audited-sessions.ts";
import { UserGrants } from "../sign-in/grants.ts";
import { parseSignInSecret } from "../sign-in/secret.ts";
import { createSignInApp } from "../sign-in/sign-in-app.ts";
import { DynamoRecordStore } from "../storage/dynamo-record-store.ts";
import type { UpdateDeps } from "../storage/update-record.ts";
import { connectApp } from "./account-app.ts";

/** For the log and the metrics: oidc-provider knows its paths. */
const signInRoute = defineRoute({
  operationId: "signIn",
  method: "GET",
  path: "/oauth/{proxy+}",
  tag: "Operations",
  summary: "The OAuth server",
  description: "Signs people in with RingCentral.",
  response: { kind: "page", description: "A page, a redirect or JSON." },
});

/** Below the function's time limit: a page says so before Lambda ends the request. */
const TIME_MS = 12_000;

/**
 * The handler of the OAuth server. It has parts of its own instead of the API's runtime: it reads less, and may do less
 * with the table.
 */
export function defineSignInFunction(): ApiHandler {
  let app: ReturnType<typeof connect> | undefined;
  const requests = new AsyncLocalStorage<Audited>();
  const note = (action: SignInAct, { accountId, extensionId }: SessionUser) => {
    const named = { action, accountId, extensionId, actorExtensionId: extensionId };
    Object.assign(requests.getStore() ?? {}, named);
  };
  const handle = async (event: APIGatewayProxyEventV2) => {
    const invocation = invocationOf(event);
    app ??= connect(readSettings(process.env), note);
    invocation.settings = app.settings;
    const { serve } = app;
    if (serve === undefined) {
      throw new ProblemError("not_found", { detail: "Nobody signs in with RingCentral here." });
    }
    return requests.run(invocation.audited, () => serve(event));
  };
  const writeAudit: AuditLog["write"] = async (entry, deadline) => app?.audit?.write(entry, deadline);
  return buildStack(signInRoute, handle, { translate: translatorFor(signInRoute), writeAudit });
}

function connect(settings: Settings, note: (act: SignInAct, user: SessionUser) => void) {
  const { SIGN_IN_ISSUER: issuer, SIGN_IN_SECRET_ID: secretId = "" } = settings;
  if (issuer === undefined) return { settings };
  const clock = systemClock;
  const log = createLogger({ component: "sign-in" });
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  const update = { records, clock, random: Math.random };
  const oauth = createOAuth({ transport: createTransport(), clock, log });
  const appOf = appsOf(settings, update);
  const sealingKeys = createSealingKeys(settings.SESSION_SECRET_ID ?? "", clock);
  const onUnrevoked = () => log.warn("a session was not revoked at RingCentral");
  const stored = new StoredSessions({ ...update, oauth, sealingKeys, appOf, onUnrevoked });
  const sessions = auditedSessions(stored, note);
  const audit = createAuditLog({ group: settings.AUDIT_LOG_GROUP, clock, log, metrics: processMetrics });
  const deadline = () => deadlineIn(TIME_MS, clock);
  const serve = createSignInApp({
    ...update,
    issuer,
    servedAccounts: settings.SERVED_ACCOUNTS,
    administrators: settings.SIGN_IN_ADMINISTRATORS,
    appOf,
    sessions,
    grants: new UserGrants({ ...update, sessions, deadline }),
    deadline,
    log,
    secret: createSecretSource(secretId, clock, { setting: "SIGN_IN_SECRET_ID", parse: parseSignInSecret }),
  });
  return { settings, serve, audit };
}

/** The RingCentral app of each account. */
function appsOf(settings: Settings, deps: UpdateDeps) {
  const apps = new Map<string, ReturnType<typeof connectApp>>();
  const credentialsOf = (secretId: string) => createCredentialSource(secretId, deps.clock);
  return (accountId: string) => {
    const app = apps.get(accountId) ?? connectApp({ settings, credentialsOf, ...deps }, accountId);
    apps.set(accountId, app);
    return app;
  };
}
