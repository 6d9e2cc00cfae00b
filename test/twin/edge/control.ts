import { isManual } from "../clock.ts";
import type { SessionFilter } from "../oauth/sessions.ts";
import { OptionError } from "../options.ts";
import type { PermissionPatch, Twin } from "../running-twin.ts";
import type { Move } from "./call-handling-control.ts";
import type { Ending } from "./fault-effects.ts";
import { checkFaultRule } from "./faults.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { type HttpResponse, json, noContent } from "./response.ts";
import type { When } from "./schedule.ts";

type Body = Record<string, unknown>;
type Command = (twin: Twin, body: Body, id: string) => HttpResponse | Promise<HttpResponse>;

const done = (act: (twin: Twin, body: Body, id: string) => void): Command => {
  return (twin, body, id) => {
    act(twin, body, id);
    return noContent();
  };
};

/** The control commands over HTTP; a last segment after the name is an id. */
const commands: Record<string, Command> = {
  "GET requests": (twin) => json(200, { data: twin.requests }),
  "DELETE requests": done((twin) => twin.clearRequests()),
  "GET faults": (twin) => json(200, { data: twin.faults.list() }),
  "POST faults": (twin, body) => {
    checkFaultRule(body);
    return json(201, twin.faults.add(body));
  },
  "DELETE faults": done((twin, _body, id) =>
    id === "" ? twin.faults.clear() : twin.faults.remove(Number(id)),
  ),
  "GET options": (twin) => json(200, twin.settings),
  "PATCH options": (twin, { when, ...patch }) => {
    twin.configure(patch, toWhen(when));
    return json(200, twin.settings);
  },
  "GET state": (twin) => json(200, describeState(twin)),
  "POST reset": done((twin) => twin.reset()),
  "POST expire-tokens": done((twin) => twin.expireTokens()),
  "POST expire-refresh-tokens": done((twin) => twin.expireRefreshTokens()),
  "POST end-sessions": done((twin, body) => twin.endSessions(toFilter(body))),
  "POST change-password": done((twin, body) => twin.changePassword(textOf(body, "extensionId"))),
  "POST sign-in": async (twin, body) =>
    json(200, { location: await twin.signIn(textOf(body, "url"), textOf(body, "as")) }),
  "POST redirect-uris": done((twin, { uris, clientId }) => {
    if (!isListOfTexts(uris)) throw new OptionError("uris has to be a list");
    twin.registerRedirectUris(uris, clientId === undefined ? undefined : String(clientId));
  }),
  "POST clear-limits": done((twin) => twin.clearLimits()),
  "POST client-secret": done((twin, body) =>
    twin.rotateClientSecret(
      textOf(body, "secret"),
      textOf(body, "clientId", twin.state.apps.keys().next().value),
    ),
  ),
  "POST permissions": done((twin, body) => twin.setPermissions(toPermissions(body))),
  "GET deliveries": (twin) => json(200, { data: twin.deliveries }),
  "GET numbers": (twin) => json(200, { data: twin.numbers.list() }),
  "POST numbers": (twin, body) =>
    json(201, twin.numbers.add({ ...body, phoneNumber: textOf(body, "phoneNumber") })),
  "PATCH numbers": (twin, body, id) => json(200, twin.numbers.update(Number(id), body)),
  "DELETE numbers": done((twin, _body, id) => twin.numbers.remove(Number(id))),
  "GET directory": (twin) => json(200, { data: twin.directory.list() }),
  "POST directory": (twin, body, id) => json(201, twin.directory.add(id, body)),
  "PATCH directory": (twin, body, id) => json(200, twin.directory.update(id, body)),
  "DELETE directory": done((twin, _body, id) => twin.directory.remove(id)),
  "POST move": done((twin, { when, ...move }) => twin.callHandling.move(toMove(move), toWhen(when))),
  "POST outside-edits": done((twin, body) =>
    twin.callHandling.editOutside(
      textOf(body, "extensionId"),
      body.kind === undefined ? undefined : textOf(body, "kind"),
      toWhen(body.when),
    ),
  ),
  "GET lost-edits": (twin, _body, id) => json(200, { data: twin.callHandling.lostEdits(id) }),
  // Only a manual clock can be advanced.
  "POST clock": (twin, body) => {
    if (!isManual(twin.clock)) return json(409, { message: "this twin runs on the machine's clock" });
    twin.clock.advance(Number(body.advanceMs));
    return json(200, { now: twin.clock.now() });
  },
};

function toMove({ extensionId, accountId, to = "new" }: Body): Move {
  if (to !== "new" && to !== "legacy") throw new OptionError("to has to be new or legacy");
  if (extensionId !== undefined) return { extensionId: String(extensionId), to };
  return { ...(accountId !== undefined && { accountId: String(accountId) }), to };
}

/** The members are checked by the schedule. */
function toWhen(value: unknown): When {
  return typeof value === "object" && value !== null ? value : {};
}

const isListOfTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

function toFilter({ sessionId, clientId, extensionId }: Body): SessionFilter {
  return {
    ...(sessionId !== undefined && { sessionId: String(sessionId) }),
    ...(clientId !== undefined && { clientId: String(clientId) }),
    ...(extensionId !== undefined && { extensionId: String(extensionId) }),
  };
}

function toPermissions(body: Body): PermissionPatch {
  for (const name of ["app", "user"]) {
    if (body[name] !== undefined && !isListOfTexts(body[name]))
      throw new OptionError(`${name} has to be a list`);
  }
  return body;
}

function textOf(body: Body, name: string, fallback?: string): string {
  const value = body[name] ?? fallback;
  if (typeof value !== "string") throw new OptionError(`${name} is missing`);
  return value;
}

/** Serves a request under `/__twin/`: the control interface of tests, never counted, logged or faulty. */
export async function serveControl(twin: Twin, request: ReceivedRequest): Promise<Ending> {
  const [name = "", id = ""] = request.path.slice("/__twin/".length).split("/");
  const command = commands[`${request.method} ${name}`];
  if (command === undefined) return ending(json(404, { message: "no such command" }));
  try {
    const body: unknown = request.body === "" ? {} : JSON.parse(request.body);
    if (typeof body !== "object" || body === null) throw new OptionError("the body has to be an object");
    return ending(await command(twin, { ...body }, id));
  } catch (error) {
    return ending(json(400, { message: error instanceof Error ? error.message : String(error) }));
  }
}

const ending = (response: HttpResponse): Ending => ({ kind: "response", response });

/** Everything except tokens and phone numbers, which have their own command. */
function describeState(twin: Twin) {
  const accounts = [...twin.state.accounts.values()].map(({ numbers, extensions, ...account }) => ({
    ...account,
    numbers: numbers.length,
    extensions: [...extensions.values()].filter(
      ({ id, callerBlocking, forwarding }) =>
        callerBlocking.length + forwarding.length > 0 || !id.startsWith("381"),
    ),
  }));
  const sessions = twin.sessions.map(({ id, app, user, accessExpiresAt }) => ({
    id,
    clientId: app.clientId,
    extensionId: user.extensionId,
    accessExpiresAt,
  }));
  return { now: twin.clock.now(), accounts, sessions };
}
