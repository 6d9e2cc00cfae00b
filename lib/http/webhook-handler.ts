import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { ProblemError } from "../contract/problems.ts";
import type { Settings } from "../platform/settings.ts";
import { header, type Invocation, invocationOf } from "./invocation.ts";
import { type ApiHandler, buildStack } from "./middleware-stack.ts";
import type { Outcome, PlainRoute } from "./request.ts";
import { jsonResponse } from "./response.ts";
import { translatorFor } from "./upstream-problem.ts";
import { validate } from "./validate.ts";

interface WebhookRequest extends Invocation {
  header(name: string): string | undefined;
  /** Not parsed: the sender has to be verified first. */
  text: string;
}

/** Notifications take a few hundred bytes; one of the directory may name dozens of people. It applies before the sender is verified. */
const MAX_BODY_BYTES = 64 * 1024;

/** A handler for RingCentral: instead of an access token, the use case checks RingCentral's verification token. */
export function defineWebhookHandler<R extends PlainRoute>(
  route: R,
  receive: (request: WebhookRequest) => Promise<{ data: Outcome<R>; headers?: Record<string, string> }>,
  settings: () => Settings,
): ApiHandler {
  const handle = async (event: APIGatewayProxyEventV2) => {
    const invocation = invocationOf(event);
    invocation.settings = settings();
    validate(route, event);
    const bytes = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
    if (bytes.byteLength > MAX_BODY_BYTES) throw new ProblemError("body_too_large");
    const { data, headers } = await receive({
      ...invocation,
      header: (name) => header(event, name),
      text: bytes.toString("utf8"),
    });
    return jsonResponse(200, data, headers);
  };
  return buildStack(route, handle, { translate: translatorFor(route) });
}
