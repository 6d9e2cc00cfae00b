import type { CallerBlockingSettings, CallerBlockingSettingsUpdate } from "../contract/caller-blocking.ts";
import type { Clock } from "../platform/clock.ts";
import { canonicalJson } from "../platform/content-tag.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireCallerBlocking } from "../ringcentral/api/wire.ts";
import { requireChange } from "./change.ts";
import { requireMatch } from "./precondition.ts";
import type { NumbersRequest, WriteRequest } from "./request.ts";
import { replaceOnce } from "./write-once.ts";

export interface CallerBlockingSettingsDeps {
  ringcentral: RingCentral;
  clock: Clock;
}

/** Whom the extension refuses. */
export async function getCallerBlocking(
  deps: Pick<CallerBlockingSettingsDeps, "ringcentral">,
  request: NumbersRequest,
): Promise<CallerBlockingSettings> {
  const path = { extensionId: request.extensionId };
  return toSettings(await deps.ringcentral.call(operations.getCallerBlocking, { path }, request));
}

/**
 * Changes whom the extension refuses. RingCentral's general rule is that a PUT resets what it leaves out
 * [docs: URIS]: the settings are read, merged and sent whole, the greetings we do not offer included.
 */
export async function updateCallerBlocking(
  deps: CallerBlockingSettingsDeps,
  request: WriteRequest & { body: CallerBlockingSettingsUpdate },
): Promise<CallerBlockingSettings> {
  requireChange(request.body);
  const path = { extensionId: request.extensionId };
  const read = (deadline: Deadline) =>
    deps.ringcentral.call(operations.getCallerBlocking, { path }, { ...request, deadline, fresh: true });
  const current = await read(request.deadline);
  requireMatch(request.ifMatch, toSettings(current));
  const { mode, noCallerId, payPhones } = request.body;
  const body = {
    ...withoutUndefined({ mode: current.mode, noCallerId: current.noCallerId, payPhones: current.payPhones }),
    ...withoutUndefined({
      mode: mode && capitalized(mode),
      noCallerId: noCallerId && capitalized(noCallerId),
      payPhones: payPhones && capitalized(payPhones),
    }),
    ...(current.greetings !== undefined && { greetings: current.greetings }),
  };
  const wire = await replaceOnce(
    { clock: deps.clock, deadline: request.deadline },
    (deadline) =>
      deps.ringcentral.call(operations.updateCallerBlocking, { path, body }, { ...request, deadline }),
    read,
    ({ mode, noCallerId, payPhones }) =>
      canonicalJson({ ...body, ...withoutUndefined({ mode, noCallerId, payPhones }) }) ===
      canonicalJson(body),
  );
  return toSettings(wire);
}

/** RingCentral's values are ours with a capital first letter, also any that it adds later. */
function toSettings(wire: WireCallerBlocking): CallerBlockingSettings {
  return {
    ...(wire.mode !== undefined && { mode: uncapitalized(wire.mode) }),
    ...(wire.noCallerId !== undefined && { noCallerId: uncapitalized(wire.noCallerId) }),
    ...(wire.payPhones !== undefined && { payPhones: uncapitalized(wire.payPhones) }),
  };
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const uncapitalized = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

function withoutUndefined(fields: Record<string, string | undefined>): Record<string, string> {
  const present = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(present);
}
