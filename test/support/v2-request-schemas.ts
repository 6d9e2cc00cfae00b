import * as z from "zod/mini";

/**
 * The requests of RingCentral's new call handling, from the field tables of its description [spec: OAS]. A member that a
 * table does not name fails, and so do the read-only members of responses: the name of an app, the number of a device.
 */

const id = z.string().check(z.minLength(1));
const e164 = z.string().check(z.regex(/^\+[1-9]\d{6,14}$/));
const name = z.string();
const reference = z.strictObject({ id });
const phoneDestination = z.strictObject({ phoneNumber: e164 });
const connectorDestination = z.strictObject({
  integrationId: id,
  extensionNumber: z.optional(z.string()),
  phoneNumber: z.optional(z.string()),
});
const integration = z.strictObject({ type: z.enum(["MsTeamsDirectRouting", "FmcLite"]) });

/** The members of an object with a `type`, which is its key here. */
type Kinds = Record<string, z.core.$ZodShape>;

const union = (kinds: Kinds) => {
  const members = Object.entries(kinds).map(([type, shape]) =>
    z.strictObject({ type: z.literal(type), ...shape }),
  );
  return z.union(members);
};

const outsideNumber = { destination: phoneDestination, name: z.optional(name) };
const ringTargets: Kinds = {
  PhoneNumberRingTarget: outsideNumber,
  DeviceRingTarget: { device: reference, extension: z.optional(reference) },
  CoworkerRingTarget: { extension: reference },
  AllDesktopRingTarget: { extension: z.optional(reference) },
  AllMobileRingTarget: { extension: z.optional(reference) },
  HotdeskRingTarget: {},
  ImsPhoneNumberRingTarget: { destination: phoneDestination },
  FmcPhoneNumberRingTarget: { destination: phoneDestination },
  IntegrationRingTarget: { integration },
  CloudConnectorRingTarget: { destination: connectorDestination, name },
};
const ringTarget = union(ringTargets);
const ownApps = union({
  AllDesktopRingTarget: { extension: z.optional(reference) },
  AllMobileRingTarget: { extension: z.optional(reference) },
});

const greeting = z.strictObject({
  effectiveGreetingType: z.string(),
  preset: reference,
  custom: z.optional(z.unknown()),
});
const dispatchingType = z.enum(["Ringing", "Terminating"]);
const terminatingTargets: Kinds = {
  VoiceMailTerminatingTarget: { prompt: z.strictObject({ greeting }), extension: z.optional(reference) },
  PlayAnnouncementTerminatingTarget: { prompt: z.strictObject({ greeting }), dispatchingType },
  PhoneNumberTerminatingTarget: { ...outsideNumber, dispatchingType },
  ExtensionTerminatingTarget: { extension: reference, dispatchingType },
  CloudConnectorTerminatingTarget: { destination: connectorDestination, dispatchingType, name },
};
const terminatingType = z.enum(Object.keys(terminatingTargets));

const seconds = z.int().check(z.minimum(0), z.maximum(2 ** 31 - 1));
const enabled = z.boolean();
const greetingAction = { greeting, enabled };
const action = union({
  RingGroupAction: {
    enabled,
    targets: z.array(ringTarget).check(z.minLength(1)),
    duration: seconds.check(z.minimum(1)),
    customStartOffset: z.optional(seconds),
  },
  RingAlwaysGroupAction: { enabled, targets: z.array(ownApps).check(z.minLength(1), z.maxLength(2)) },
  TerminatingAction: {
    targets: z.array(union(terminatingTargets)).check(z.minLength(1)),
    terminatingTargetType: terminatingType,
    ringingTargetType: z.optional(terminatingType),
  },
  PlayWelcomePromptAction: greetingAction,
  PlayConnectingMessageAction: greetingAction,
  PlayConnectingPromptAction: greetingAction,
  ScreeningAction: {
    screening: z.enum(["NoCallerId", "UnknownCallerId", "Always"]),
    enabled,
    screeningResult: z.optional(z.enum(["AskToAnswer", "PlayCallerNameOnly"])),
  },
});

const dispatching = (...types: [string, ...string[]]) =>
  z.strictObject({
    type: z.enum(types),
    callTypes: z.optional(z.strictObject({ queueCallsIncluded: z.boolean() })),
    actions: z.array(action).check(z.minLength(1)),
  });
const ringing = dispatching("RingAtOnce", "RingInOrder");
const ofRule: Record<string, z.ZodMiniType> = {
  "work-hours": ringing,
  agent: ringing,
  "after-hours": dispatching("RingAtOnce", "RingInOrder", "Terminate"),
  dnd: dispatching("Terminate"),
  "forward-all-calls": dispatching("Terminate"),
};
const interactionDispatching = dispatching("RingAtOnce", "RingInOrder", "Custom", "Terminate");
const conditions = z.array(z.looseObject({ type: z.enum(["Interaction", "Schedule", "State"]) }));

const flipRow = z.strictObject({
  id: z.optional(id),
  phoneNumber: e164,
  type: z.optional(z.enum(["PhoneLine", "External", "BusinessMobile"])),
  label: z.optional(z.string().check(z.maxLength(60))),
  flipNumber: z.optional(z.string().check(z.regex(/^[1-8]$/))),
});
/** A deletion may name neither own apps nor Ims and Fmc numbers. */
const removable = union(
  Object.fromEntries(
    Object.entries({ ...ringTargets, CoworkerAppsRingTarget: { extension: reference } }).filter(([type]) =>
      /^(Coworker|Device|Integration|PhoneNumber|CloudConnector)/.test(type),
    ),
  ),
);

const page = z.string().check(z.regex(/^(?:[1-9]\d{0,2}|1000)$/));
const flag = z.enum(["true", "false"]);
const paging = { page: z.optional(page), perPage: z.optional(page) };
const nothing = z.undefined();

interface Shape {
  path: RegExp;
  query?: z.core.$ZodShape;
  /** The body, which may depend on the last part of the path. */
  body?: (last: string) => z.ZodMiniType;
}

const flips = /\/call-flip-numbers$/;
const stateRules = /\/comm-handling\/voice\/state-rules$/;
const stateRule = /\/comm-handling\/voice\/state-rules\/[a-z-]+$/;
const interactionRules = /\/comm-handling\/voice\/interaction-rules$/;
const interactionRule = /\/comm-handling\/voice\/interaction-rules\/\w+$/;
const targets = /\/comm-handling\/voice\/forwarding-targets$/;

const shapes: Record<string, Shape[]> = {
  GET: [
    { path: flips },
    { path: /\/comm-handling\/states$/, query: paging },
    { path: /\/comm-handling\/states\/[a-z-]+$/ },
    { path: stateRules, query: paging },
    { path: stateRule },
    {
      path: interactionRules,
      query: { ...paging, enabled: z.optional(flag), hasReference: z.optional(flag) },
    },
    { path: interactionRule },
    { path: targets, query: { ...paging, excludeOwnTargets: z.optional(flag) } },
    { path: /\/forwarding-targets\/devices\/\w+\/extensions$/, query: paging },
  ],
  PUT: [{ path: flips, body: () => z.strictObject({ records: z.array(flipRow).check(z.maxLength(10)) }) }],
  PATCH: [
    {
      path: stateRule,
      body: (last) => z.strictObject({ dispatching: ofRule[last] ?? z.never() }),
    },
    {
      path: interactionRule,
      body: () =>
        z.strictObject({
          enabled: z.optional(enabled),
          displayName: z.optional(name),
          conditions: z.optional(conditions),
          dispatching: z.optional(interactionDispatching),
        }),
    },
    {
      path: /\/comm-handling\/states\/(?:work-hours|forward-all-calls|agent|dnd)$/,
      body: () => z.strictObject({ enabled: z.optional(enabled), conditions: z.optional(conditions) }),
    },
  ],
  POST: [
    {
      path: interactionRules,
      body: () =>
        z.strictObject({ enabled, displayName: name, conditions, dispatching: interactionDispatching }),
    },
  ],
  DELETE: [
    { path: interactionRule },
    { path: targets, body: () => z.strictObject({ records: z.array(removable).check(z.minLength(1)) }) },
  ],
};

const prefix = /^\/restapi\/v2\/accounts\/(?:~|\d+)\/extensions\/(?:~|\d+)\//;

/** A request as a log holds it: the values of each query name, and the parsed body. */
export interface SentRequest {
  method: string;
  path: string;
  query: Record<string, string[]>;
  body: unknown;
}

/** What is wrong with a v2 request on an extension, a line each. Other requests have no faults. */
export function v2RequestFaults({ method, path, query, body }: SentRequest): string[] {
  if (!path.startsWith("/restapi/v2/")) return [];
  const where = `${method} ${path}`;
  const shape = prefix.test(path) ? shapes[method]?.find((each) => each.path.test(path)) : undefined;
  if (shape === undefined) return [`${where}: no such call`];
  const last = path.slice(path.lastIndexOf("/") + 1);
  const single = Object.fromEntries(
    Object.entries(query).map(([key, values]) => [key, values.length === 1 ? values[0] : values]),
  );
  return [
    z.strictObject(shape.query ?? {}).safeParse(single),
    (shape.body?.(last) ?? nothing).safeParse(body),
  ].flatMap(({ error }) => (error === undefined ? [] : [`${where}: ${describe(error)}`]));
}

/** The innermost fault: that of the union's member with the fewest. */
function describe(error: z.core.$ZodError): string {
  return z.prettifyError(error).replaceAll("\n", "; ");
}
