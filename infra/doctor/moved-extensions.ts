import * as z from "zod/mini";
import type { RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import { hasMoved, MOVE_FEATURE, wireFeatures } from "../../lib/ringcentral/api/wire-call-handling.ts";
import { explainCall } from "./explain.ts";
import { type Finding, ok, skipped } from "./finding.ts";
import type { Session } from "./session.ts";

const Extensions = z.object({
  records: z.array(z.object({ id: z.coerce.string() })),
  paging: z.optional(z.object({ totalElements: z.optional(z.number()) })),
});

/** Extensions asked at most. With the list, 21 Medium calls, of 40 a minute [docs: RATE]. */
const SAMPLE = 20;

/** How many of the account's users are on the new backend: all of a small account, a sample of a larger one. */
export async function checkMovedExtensions(session: Session, accountId: string): Promise<Finding> {
  const check = "moved extensions";
  const account = `account/${accountId}`;
  const list = await session.get(`${account}/extension?status=Enabled&type=User&perPage=1000`, Extensions);
  if (list.failure !== undefined) return unknown(check, list.failure);
  const { records, paging } = list.body;
  const total = paging?.totalElements ?? records.length;
  // Spread over the list, because extensions that were made together may move together.
  const step = Math.max(1, records.length / SAMPLE);
  const sample = records.filter((_, index) => Math.floor(index % step) === 0).slice(0, SAMPLE);
  let moved = 0;
  for (const { id } of sample) {
    const path = `${account}/extension/${id}/features?featureId=${MOVE_FEATURE}`;
    const features = await session.get(path, wireFeatures);
    if (features.failure !== undefined) return unknown(check, features.failure);
    if (hasMoved(features.body)) moved += 1;
  }
  const of = sample.length === total ? `${total}` : `${sample.length} asked, of ${total}`;
  return ok(check, `${moved} of ${of} users`);
}

function unknown(check: string, failure: RingCentralFailure): Finding {
  return skipped(check, `it is not known how many have moved: ${explainCall(failure).found}`);
}
