// The values that serverless.yml reads by name. osls loads no TypeScript itself, so it goes through index.js.
import { alarmTopic } from "./alarm-topic.ts";
import { alarms } from "./alarms.ts";
import { gatewayAuthorizers } from "./authorizers.ts";
import { capacity, fleetSize as instancesAtMost } from "./capacity.ts";
import * as gateway from "./cors.ts";
import { dashboard } from "./dashboard.ts";
import { domain } from "./domain.ts";
import { serverlessFunctions } from "./functions.ts";
import { keys } from "./keys.ts";
import { logs } from "./logs.ts";
import { outputs } from "./outputs.ts";
import { queries } from "./queries.ts";
import { roles } from "./roles.ts";
import { rollout } from "./rollout.ts";
import { schedules } from "./schedules.ts";
import { secret } from "./secret.ts";
import { readStack, type Stack, type Variables } from "./stack.ts";
import * as numberSync from "./sync.ts";
import { table } from "./table.ts";

/** The template's part that osls does not make from the functions: one fragment per concern. */
const fragments = [
  keys,
  logs,
  table,
  secret,
  numberSync.sync,
  schedules,
  roles,
  capacity,
  alarmTopic,
  alarms,
  dashboard,
  queries,
  rollout,
  domain,
  outputs,
];

const forStack =
  <Value>(make: (stack: Stack) => Value) =>
  async (variables: Variables) =>
    make(await readStack(variables));

export const functions = forStack(serverlessFunctions);
export const authorizers = forStack(gatewayAuthorizers);
export const resources = forStack((stack) => fragments.map((fragment) => fragment(stack)));
export const cors = forStack(gateway.cors);
export const fleetSize = forStack(instancesAtMost);
export const hasOwnDomain = forStack(({ text }) => text("domainName") !== "");
export const webhookUrl = forStack(numberSync.webhookUrl);
