import * as z from "zod/mini";
import { BlockedNumber } from "./blocked-numbers.ts";
import { CallerBlockingNumber } from "./caller-blocking.ts";
import { PhoneNumber } from "./company-numbers.ts";
import { ForwardingNumber } from "./forwarding-numbers.ts";
import { ExtensionIdOrMe, setOf } from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { CallHandling, described, Instant, LimitedBy, PartProblem, resource } from "./schema-builders.ts";

export const overviewParts = ["blocked", "allowed", "forwarding", "direct"] as const;
export type OverviewPartName = (typeof overviewParts)[number];

/** The most items of each list; with `hasMore` the list's route has more. */
export const OVERVIEW_LIMIT = 100;

function part<Item extends z.ZodMiniType>(id: string, item: Item, description: string) {
  return resource(id, description, {
    status: described(
      z.enum(["ok", "stale", "error"]),
      "`ok`: `data` is current. `stale`: RingCentral failed, and `data` is an earlier response. `error`: there is only " +
        "`problem`.",
    ),
    source: z.optional(z.enum(["live", "cache"])),
    asOf: z.optional(Instant),
    limitedBy: z.optional(LimitedBy),
    callHandling: z.optional(CallHandling),
    data: z.optional(z.array(item).check(z.maxLength(OVERVIEW_LIMIT))),
    hasMore: z.optional(z.boolean()),
    total: z.optional(z.int().check(z.minimum(0), z.maximum(2_147_483_647))),
    problem: z.optional(PartProblem),
  });
}

export const Overview = resource("Overview", "One screen of an extension's numbers.", {
  extensionId: z.string(),
  complete: described(z.boolean(), "Every part that was asked for is `ok`."),
  blocked: z.optional(part("OverviewBlocked", BlockedNumber, "The blocked numbers.")),
  allowed: z.optional(part("OverviewAllowed", CallerBlockingNumber, "The allowed numbers.")),
  forwarding: z.optional(part("OverviewForwarding", ForwardingNumber, "The forwarding numbers.")),
  direct: z.optional(part("OverviewDirect", PhoneNumber, "The extension's own direct numbers.")),
});
export type Overview = z.output<typeof Overview>;

export const getOverviewRoute = defineRoute({
  operationId: "getOverview",
  method: "GET",
  path: "/v1/extensions/{extensionId}/overview",
  scope: "numbers:read",
  callsRingCentral: true,
  tag: "Overview",
  summary: "Read one screen of an extension's numbers",
  description:
    "Blocked, allowed, forwarding and direct numbers, read at the same time. With `mode=partial` each part has its own " +
    "status, and the response is a problem only when every part failed for the same reason, such as an unknown " +
    "extension, or when the user has to sign in again. With `mode=strict` one part that is not current fails the whole " +
    "request.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({
    parts: z.optional(setOf(overviewParts, "Comma-separated parts. All when left out.")),
    mode: z._default(z.enum(["partial", "strict"]), "partial"),
  }),
  response: { kind: "item", description: "The parts.", data: Overview },
  problems: ["call_handling_moved", "call_handling_unavailable"],
});
