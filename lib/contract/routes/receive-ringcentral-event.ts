import * as z from "zod/mini";
import { defineRoute } from "../route.ts";

const WebhookReceipt = z
  .object({ outcome: z.enum(["validated", "sync_queued", "ignored"]) })
  .check(z.meta({ id: "WebhookReceipt", description: "What came of a delivery." }));

export const receiveRingCentralEventRoute = defineRoute({
  operationId: "receiveRingCentralEvent",
  method: "POST",
  path: "/v1/webhooks/ringcentral",
  isWebhook: true,
  tag: "Webhooks",
  summary: "Take a notification of RingCentral's",
  description:
    "For RingCentral alone. A request with a `Validation-Token` header and no body is the handshake of a new " +
    "subscription: the header is sent back. Every other one is a notification as RingCentral describes it, with this " +
    "service's own secret in `Verification-Token` (or `Validation-Token`). It is a hint that numbers may have " +
    "changed, never the truth about them: it wakes an early sync and does nothing else.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "plain", description: "Taken.", data: WebhookReceipt },
  problems: ["webhook_token_invalid", "body_too_large", "storage_unavailable", "queue_unavailable"],
});
