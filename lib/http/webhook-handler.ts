import { ProblemError } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { systemClock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import type { Settings } from "../platform/settings.ts";
import { successAnswer } from "./encode-response.ts";
import { header, invocationOf } from "./invocation.ts";
import type { Outcome } from "./request.ts";
import { type ApiHandler, buildStack, type StackOptions } from "./stack.ts";
import { translate } from "./translate.ts";
import { validate } from "./validate.ts";

export interface WebhookRequest {
  /** @returns a header's value */
  header(name: string): string | undefined;
  /** Not parsed yet: whose it is has to be found out first. */
  text: string;
  deadline: Deadline;
  log: Logger;
}

export interface WebhookAnswer<R extends Route> {
  data: Outcome<R>;
  headers?: Record<string, string>;
}

/** Notifications take a few hundred bytes; before its token is checked anybody may be the sender. */
const MAX_BODY_BYTES = 8 * 1024;

/** A handler that RingCentral calls: without an access token, with a token of its own that the use case checks. */
export function defineWebhookHandler<R extends Route>(
  route: R,
  receive: (request: WebhookRequest) => Promise<WebhookAnswer<R>>,
  options: StackOptions & { settings: () => Settings },
): ApiHandler {
  const { clock = systemClock } = options;
  const handle: Parameters<typeof buildStack>[3] = async (event) => {
    const invocation = invocationOf(event);
    invocation.settings = options.settings();
    validate(route, event);
    const bytes = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
    if (bytes.byteLength > MAX_BODY_BYTES) throw new ProblemError("body_too_large");
    const { data, headers } = await receive({
      header: (name) => header(event, name),
      text: bytes.toString("utf8"),
      deadline: invocation.deadline,
      log: invocation.log,
    });
    const answer = await successAnswer(route, data, {
      rawPath: event.rawPath,
      rawQueryString: event.rawQueryString,
      limit: 0,
      now: clock.now(),
      seal: async () => {
        throw new Error("a webhook has no cursors");
      },
    });
    return { ...answer, headers: { ...answer.headers, ...headers } };
  };
  return buildStack(route, translate, [], handle, options);
}
