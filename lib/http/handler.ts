import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Position } from "../contract/paging.ts";
import { DEFAULT_LIMIT, ExtensionIdOrMe } from "../contract/parameters.ts";
import { ProblemError } from "../contract/problems.ts";
import { isAudited, type Route } from "../contract/route.ts";
import { OutcomeUnknown, type Progress, type WriteStep } from "../contract/write-outcome.ts";
import type { Caller, Claimant } from "../people/claimant.ts";
import type { IdentifyRequest } from "../people/identify.ts";
import type { AuditLog } from "../platform/audit-log.ts";
import { systemClock } from "../platform/clock.ts";
import { canonicalJson } from "../platform/content-tag.ts";
import type { Deadline } from "../platform/deadline.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Pseudonyms } from "../platform/pseudonyms.ts";
import type { Settings } from "../platform/settings.ts";
import type { WaitLimit } from "../platform/wait-limit.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import { type CallContext, combined, type Reading } from "../ringcentral/api/operation.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { retryingRecords } from "../storage/retrying-records.ts";
import { createTableWait, limitedRecords } from "../storage/table-wait.ts";
import { entryOf } from "./audit.ts";
import { resourceNames, resourcesIn, targetOf } from "./audit-resources.ts";
import type { Authenticate } from "./authenticate.ts";
import { reachedExtension, requireScope } from "./caller.ts";
import type { Stranger } from "./claims.ts";
import { type AccountKeys, cursorsOf } from "./cursor.ts";
import { encodeResponse } from "./encode-response.ts";
import { KeyProgress } from "./idempotency/progress.ts";
import { withIdempotency } from "./idempotency/with-idempotency.ts";
import { header, invocationOf } from "./invocation.ts";
import { buildStack, type HandledRequest } from "./middleware-stack.ts";
import { type ProblemBody, problemBody, problemOf } from "./problem.ts";
import { freshnessOf, rehearseUseCase } from "./rehearsal.ts";
import { ofRoute, type UseCase } from "./request.ts";
import type { HttpResponse } from "./response.ts";
import { translatorFor } from "./upstream-problem.ts";
import { parseIdempotencyKey, validate } from "./validate.ts";

/** The edge's dependencies. They are made on first use, which may fail with ConfigurationError. */
interface EdgeServices extends AccountKeys {
  settings: Settings;
  authenticate: Authenticate;
  /** Reads ahead for a request whose token is not verified yet. It never throws. */
  prefetch(
    claimed: Claimant,
    request: {
      route: Route;
      extension: string | undefined;
      deadline: Deadline;
      tableWait: WaitLimit;
      rehearse: () => Promise<unknown>;
    },
  ): void;
  identify(claimant: Claimant, request: IdentifyRequest): Promise<Caller>;
  records: RecordStore;
  afterRequest(handled: HandledRequest): Promise<void>;
  audit: AuditLog;
  pseudonyms: { current(deadline: Deadline): Promise<Pseudonyms> };
  /** Loads the table's client, so that loading it does not count as a wait for the table. */
  ready(): Promise<void>;
}

/**
 * A Lambda handler for one route: the shared stack, then authentication, scope, ownership, validation, the use case,
 * and its response in the contract's envelope.
 */
export function createHandler<R extends Route>(route: R, useCase: UseCase<R>, services: () => EdgeServices) {
  const handle = async (event: APIGatewayProxyEventV2) => {
    const exchange = await beginExchange(route, useCase, event, services());
    if (isAudited(route)) services().audit.begin(entryOf(route, event));
    const run = (step: WriteStep, progress?: Progress) =>
      runUseCase(route, useCase, exchange, step, progress);
    const key = route.method === "POST" ? header(event, "idempotency-key") : undefined;
    return key === undefined ? run("run") : runOnce(exchange, key, run);
  };
  const afterRequest = (handled: HandledRequest) => services().afterRequest(handled);
  const writeAudit: AuditLog["write"] = (entry, deadline) => services().audit.write(entry, deadline);
  const options = { translate: translatorFor(route), afterRequest };
  return buildStack(route, handle, isAudited(route) ? { ...options, writeAudit } : options);
}

/** A request that may be served: authenticated, authorized and valid. */
type Exchange = Awaited<ReturnType<typeof beginExchange>>;

async function beginExchange<R extends Route>(
  route: R,
  useCase: UseCase<R>,
  event: APIGatewayProxyEventV2,
  services: EdgeServices,
) {
  const invocation = invocationOf(event);
  const { deadline, log } = invocation;
  invocation.settings = services.settings;
  const tableWait = createTableWait(systemClock);
  const named = ExtensionIdOrMe.safeParse(event.pathParameters?.extensionId);
  const nameCaller = async ({ issuer, subject, accountId }: Stranger & Pick<Claimant, "accountId">) => {
    // Whose things a request was after that is rejected.
    if (named.success && named.data !== "me") invocation.audited.extensionId = named.data;
    const pseudonyms = await services.pseudonyms.current(deadline);
    const personId = pseudonyms.ofPerson(issuer, subject);
    invocation.caller = { id: personId, accountId };
    invocation.audited.keyId = pseudonyms.keyId;
    return { pseudonyms, personId };
  };
  const rehearse = (claimed: Claimant) => rehearseUseCase(route, useCase, event, claimed, tableWait);
  const claimant = await claimantOf(route, event, services, { tableWait, rehearse }, nameCaller);
  const { pseudonyms, personId } = await nameCaller(claimant);
  requireScope(route, claimant, log);
  const records = limitedRecords(services.records, tableWait);
  const caller = await services.identify(claimant, { records, deadline, log, personId });
  invocation.caller = caller;
  // Ownership comes before the query and the body; `validate` rejects a malformed id.
  reachedExtension(named.data, caller, log);
  const input = validate(route, event);
  const extensionId = reachedExtension(input.path.extensionId, caller, log);
  const { operationId } = route;
  const nameOf = resourceNames(pseudonyms, caller.accountId, extensionId);
  Object.assign(invocation.audited, targetOf(extensionId, input.path, nameOf));
  const binding = { operationId, accountId: caller.accountId, extensionId, filters: input.query };
  const cursors = cursorsOf(services, binding, deadline);
  const position = input.cursor === undefined ? undefined : await cursors.verify(input.cursor);
  const page = omitUndefined({ limit: input.limit ?? DEFAULT_LIMIT, position });
  return {
    route,
    event,
    invocation,
    caller,
    pseudonyms,
    nameOf,
    services,
    input,
    extensionId,
    binding,
    cursors,
    page,
    tableWait,
  };
}

/** @param nameStranger for the audit of a write with the token of an account that is not served */
async function claimantOf(
  route: Route,
  event: APIGatewayProxyEventV2,
  services: EdgeServices,
  { tableWait, rehearse }: { tableWait: WaitLimit; rehearse: (claimed: Claimant) => Promise<unknown> },
  nameStranger: (stranger: Stranger) => Promise<unknown>,
): Promise<Claimant> {
  const { deadline, log, audited } = invocationOf(event);
  const extension = event.pathParameters?.extensionId;
  let stranger: Stranger | undefined;
  const told = {
    claims: (claimed: Claimant) => {
      const request = { route, extension, deadline, tableWait, rehearse: () => rehearse(claimed) };
      services.prefetch(claimed, request);
    },
    stranger: (verified: Stranger) => {
      stranger = verified;
    },
  };
  try {
    const authenticated = services.authenticate(header(event, "authorization"), deadline, log, told);
    const [claimant] = await Promise.all([authenticated, services.ready()]);
    return claimant;
  } catch (error) {
    if (stranger !== undefined && isAudited(route)) {
      audited.action = route.operationId;
      // The request is rejected, and its entry written, with or without the caller's name.
      await nameStranger(stranger).catch(() => {});
    }
    throw error;
  }
}

async function runUseCase<R extends Route>(
  route: R,
  useCase: UseCase<R>,
  exchange: Exchange,
  step: WriteStep,
  progress?: Progress,
): Promise<HttpResponse> {
  const { event, caller, input, extensionId, cursors, page } = exchange;
  const readings: Reading[] = [];
  const outcome = await useCase({
    ...ofRoute<R>(input),
    page,
    caller,
    accountId: caller.accountId,
    extensionId,
    call: callContext(exchange, (reading) => readings.push(reading)),
    problemOf: (error) => reportPartProblem(error, exchange),
    ...omitUndefined({ ifMatch: header(event, "if-match"), progress }),
    step,
  });
  if (isAudited(route)) Object.assign(exchange.invocation.audited, resourcesIn(outcome, exchange.nameOf));
  return encodeResponse<R["response"]["kind"]>(route.response.kind, outcome, {
    rawPath: event.rawPath,
    rawQueryString: event.rawQueryString,
    limit: page.limit,
    now: systemClock.now(),
    reading: combined(readings),
    signCursor: (position) => cursors.sign(position),
    snapshotLink: (position) => snapshotLink(exchange, position),
  });
}

function callContext(exchange: Exchange, onReading: (reading: Reading) => void): CallContext {
  const { route, event, invocation, caller, extensionId, tableWait } = exchange;
  const { requestId, deadline, log, budgets, audited } = invocation;
  return {
    accountId: caller.accountId,
    requestId,
    deadline,
    tableWait,
    log,
    route: route.operationId,
    spender: { caller: caller.id, ...(extensionId !== "" && { extension: extensionId }) },
    freshness: freshnessOf(event),
    onReading,
    onBudget: (budget) => budgets.set(budget.group, budget),
    onWrite: (rcRequestId) => audited.rcRequestIds.push(rcRequestId),
  };
}

/** A feed's link to the list that its followers load first. Its cursor belongs to that list's route. */
async function snapshotLink({ route, services, binding, invocation }: Exchange, position: Position) {
  const { snapshot } = route.response;
  if (snapshot === undefined) return undefined;
  const { operationId, path } = snapshot;
  const cursors = cursorsOf(services, { ...binding, operationId, filters: {} }, invocation.deadline);
  return `${path}?${new URLSearchParams({ cursor: await cursors.sign(position) })}`;
}

type Run = (step: WriteStep, progress: Progress) => Promise<HttpResponse>;

async function runOnce(exchange: Exchange, sentKey: string, run: Run) {
  const { route, invocation, caller, pseudonyms, services, input, extensionId, tableWait } = exchange;
  const { deadline } = invocation;
  const { accountId, id: callerId } = caller;
  const request = {
    key: parseIdempotencyKey(sentKey),
    accountId,
    callerId,
    extensionId,
    operationId: route.operationId,
    // A plain hash of a phone number could be tried out.
    fingerprint: pseudonyms.of("request", extensionId, canonicalJson(input.query), canonicalJson(input.body)),
    deadline,
    tableWait,
  };
  const key = await services.currentKey("idempotency", accountId, deadline);
  const deps = { records: services.records, clock: systemClock, key };
  const limited = limitedRecords(services.records, tableWait);
  const records = retryingRecords(limited, systemClock, deadline, tableWait);
  const progress = new KeyProgress(records, systemClock, request);
  return withIdempotency(deps, request, (step) => run(step, progress), mayHaveTakenEffect);
}

/** A problem that is one part of a response. The log keeps the details that the problem leaves out. */
function reportPartProblem(error: unknown, { route, invocation, services }: Exchange): ProblemBody {
  const { log, requestId, partCodes } = invocation;
  const problem = problemOf(error, translatorFor(route));
  partCodes.push(problem.code);
  log.warn("a part of the response failed", { code: problem.code, error: problem.details.cause ?? problem });
  return problemBody(problem, { requestId, typeBase: services.settings.PROBLEM_TYPE_BASE });
}

function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof OutcomeUnknown) return error.sent;
  if (error instanceof RingCentralError) return error.failure.mayHaveTakenEffect;
  // A problem is thrown in place of a call or after a response. Any other error is a bug of ours.
  return !(error instanceof ProblemError);
}
