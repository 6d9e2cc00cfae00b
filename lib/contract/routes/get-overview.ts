import * as z from "zod/mini";
import { ExtensionIdOrMe, setOf } from "../parameters.ts";
import { Overview, overviewParts } from "../resources/overview.ts";
import { defineRoute } from "../route.ts";

export const getOverviewRoute = defineRoute({
  operationId: "getOverview",
  method: "GET",
  path: "/v1/extensions/{extensionId}/overview",
  scope: "numbers:read",
  tag: "Overview",
  summary: "Read one screen of an extension's numbers",
  description:
    "Blocked, allowed, forwarding and direct numbers, read at the same time. With `mode=partial` each part tells " +
    "how it went, and the answer is a problem only when every part was refused for the same reason, such as an " +
    "extension that does not exist. With `mode=strict` one part that is not current fails the whole.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({
    parts: z.optional(setOf(overviewParts, "Comma-separated parts. All when left out.")),
    mode: z._default(z.enum(["partial", "strict"]), "partial"),
  }),
  answer: { kind: "item", description: "The parts.", data: Overview },
  problems: ["feature_not_available", "not_found"],
});
