import type { ForwardingNumber } from "../../lib/contract/forwarding-numbers.ts";
import type { Page } from "../../lib/contract/paging.ts";
import { ringingOf } from "../support/call-handling-truth.ts";
import type { Outcome, Schedule } from "../support/schedule.ts";
import { shownForwarding } from "../twin/rest/forwarding-after-move.ts";
import type { ForwardingWorld } from "./forwarding-model.ts";

/** What each place holds: the flip list, or a rule. */
type Places = Map<string, string>;

interface Number {
  phoneNumber?: string | undefined;
  features: readonly string[];
  flipNumber?: number | string | undefined;
  rings?: ForwardingNumber["rings"];
}

/** The places of outside numbers. A rule that inherits is not one: it shows another's. */
function placesOf(numbers: readonly Number[], inheriting: readonly string[]): Places {
  const places = new Map<string, Set<string>>();
  const put = (place: string, text: string) =>
    places.set(place, (places.get(place) ?? new Set<string>()).add(text));
  for (const { phoneNumber, features, flipNumber = "-", rings = [] } of numbers) {
    if (features.includes("CallFlip")) put("flips", `${phoneNumber} ${flipNumber}`);
    for (const { rule, enabled, seconds } of rings) {
      if (!inheriting.includes(rule)) put(rule, `${phoneNumber} ${enabled} ${seconds}`);
    }
  }
  return new Map([...places].map(([place, texts]) => [place, [...texts].sort().join("; ")]));
}

/**
 * Reads the list while others write. Each place must be as it was at some time between the request and its response: the
 * places are read by one call each, so that together they may never have been so.
 */
export async function readUnderTraffic(schedule: Schedule, world: ForwardingWorld): Promise<void> {
  for (let n = schedule.between(0, 2); n > 0; n--) {
    await schedule.clock.sleep(schedule.between(0, 60_000));
    const wasMoved = world.extension.callHandling !== undefined;
    const seen: Places[] = [];
    const entries: string[] = [];
    const stop = world.watch(() => {
      const { callHandling } = world.extension;
      entries.push(idsOf(legacyList(world)));
      if (callHandling !== undefined) seen.push(placesOf(ringingOf(callHandling), inheritingOf(world)));
    });
    const outcome = await world.page();
    stop();
    for (const fault of faultsOf(outcome, world, { wasMoved, seen, entries })) world.broken.add(fault);
  }
}

const idsOf = (entries: readonly { id: string }[]) =>
  entries
    .map(({ id }) => id)
    .sort()
    .join();

/** What the former API shows: after the move it may be a copy of what the new backend has. */
const legacyList = ({ twin: { state, settings, clock }, extension }: ForwardingWorld) =>
  shownForwarding({ world: state, settings, extension, now: clock.now() });

const inheritingOf = ({ extension }: ForwardingWorld) =>
  (extension.callHandling?.rules ?? []).filter(({ inherits }) => inherits).map(({ id }) => id);

function faultsOf(
  outcome: Outcome<Page<ForwardingNumber>>,
  world: ForwardingWorld,
  { wasMoved, seen, entries }: { wasMoved: boolean; seen: readonly Places[]; entries: readonly string[] },
): string[] {
  if (outcome.status !== "done") return [];
  const { items, callHandling } = outcome.value;
  if (callHandling === "legacy") {
    // A silent move is noticed later.
    if (wasMoved || entries.includes(idsOf(items))) return [];
    return [`legacy list ${idsOf(items)}, in place of ${entries.join(" or ")}`];
  }
  const outside = items.filter(({ phoneNumber, type }) => phoneNumber !== undefined && type !== "PhoneLine");
  const shown = placesOf(outside, inheritingOf(world));
  const places = new Set([shown, ...seen].flatMap((each) => [...each.keys()]));
  return [...places].flatMap((place) => {
    const was = seen.map((each) => each.get(place));
    return was.includes(shown.get(place))
      ? []
      : [`${place} is listed as ${shown.get(place)}, but was ${was.join(" or ")}`];
  });
}
