import { upstreamProblem } from "../../lib/http/upstream-problem.ts";
import type { Clock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { runSync } from "../../lib/sync/run/run-sync.ts";
import { clientOf, type NumberAccount, numberOf } from "../support/number-account.ts";

const log = createLogger({}, { write: () => {} });

/** The real sync of a modelled account. @throws when it neither commits nor finds everything unchanged */
export async function syncOnce(
  { records, clock }: { records: RecordStore; clock: Clock },
  upstream: NumberAccount,
  accountId: string,
) {
  const outcome = await runSync(
    {
      records,
      ringcentral: clientOf(upstream),
      clock,
      random: Math.random,
      fingerprint: async () => "app",
      problemOf: upstreamProblem,
      queueRecheck: async () => {},
      onEvent: () => {},
    },
    { accountId, trigger: "schedule", deadline: deadlineIn(3_600_000, clock), requestId: "bench", log },
  );
  if (outcome.state !== "committed" && outcome.state !== "unchanged")
    throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** A label of about the length of RingCentral's. */
export function realistic(id: number) {
  const isMain = id === 1;
  return {
    ...numberOf(id),
    paymentType: id % 9 === 0 ? "TollFree" : "Local",
    status: "Normal",
    type: "VoiceFax",
    location: ["San Mateo, CA", "Denver, CO", "Boston, MA", "Austin, TX"][id % 4],
    primary: isMain,
    ...(id % 3 === 0 && { label: `Desk ${(id * 7_919) % 10_007}` }),
    ...(!isMain && {
      extension: {
        id: 3_800_000 + id,
        name: `Person ${(id * 104_729) % 99_991}`,
        extensionNumber: String(100 + id),
      },
    }),
  };
}

/** Changes spread over the list: a tenth removed, a tenth added, the rest relabelled. */
export function changeOneInHundred(upstream: NumberAccount, size: number): void {
  for (let id = 50; id <= size; id += 100) {
    if (id % 1_000 === 50) upstream.remove(id);
    else if (id % 1_000 === 150) upstream.put(realistic(size + id));
    else upstream.edit(id, { label: `Moved ${id}` });
  }
}
