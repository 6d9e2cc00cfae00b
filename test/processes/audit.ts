import * as z from "zod/mini";
import { startAwsEndpoint } from "../../infra/local/aws-endpoint.ts";

const Entry = z.looseObject({ action: z.string(), outcome: z.string(), requestId: z.string() });
type Entry = z.infer<typeof Entry>;
const Line = z.looseObject({ message: z.string(), requestId: z.string() });
/** What a function logs about an entry that the group did not take: its metric raises an alarm. */
const ADMITTED = "an audit entry is in this log only";
const Put = z.looseObject({ logEvents: z.array(z.looseObject({ message: z.string() })) });

/** The audit's entries: in the functions' logs, and in the log group of the audit. */
export interface Audit {
  url: string;
  printed: readonly Entry[];
  grouped: readonly Entry[];
  /** The requests whose entries a function says are not in the group. */
  admitted: ReadonlySet<string>;
  /** Takes a line of a function's log. */
  print(line: string): void;
  close(): Promise<void>;
}

/** CloudWatch Logs on loopback, for the one operation that the audit uses. */
export async function startAudit(): Promise<Audit> {
  const printed: Entry[] = [];
  const grouped: Entry[] = [];
  const admitted = new Set<string>();
  const { url, close } = await startAwsEndpoint((_, input: unknown) => {
    for (const { message } of Put.parse(input).logEvents) grouped.push(Entry.parse(JSON.parse(message)));
    return {};
  });
  return {
    url,
    printed,
    grouped,
    admitted,
    print(line) {
      if (line.includes('"message":"audit"')) printed.push(Entry.parse(JSON.parse(line)));
      else if (line.includes(ADMITTED)) admitted.add(Line.parse(JSON.parse(line)).requestId);
    },
    close: async () => close(),
  };
}

/**
 * Each acknowledged write has its entry in the function's log, and in the group or a line that says it has not. Each write that
 * was sent had begun an entry.
 */
export function judgeAudit(
  { printed, grouped, admitted }: Audit,
  replies: readonly { status: number; requestId: string }[],
  sent: number,
): string[] {
  const named = (entries: readonly Entry[]) =>
    new Set(entries.filter(({ outcome }) => outcome === "succeeded").map(({ requestId }) => requestId));
  const [inLog, inGroup] = [named(printed), named(grouped)];
  const acknowledged = replies.filter(({ status }) => status === 201 || status === 204);
  const unprinted = acknowledged.filter(({ requestId }) => !inLog.has(requestId)).length;
  const isMissing = (id: string) => !inGroup.has(id) && !admitted.has(id);
  const ungrouped = acknowledged.filter(({ requestId }) => isMissing(requestId)).length;
  const begun = printed.filter(({ outcome }) => outcome === "started").length;
  return [
    ...(unprinted > 0 ? [`${unprinted} acknowledged writes have no audit entry in the function's log`] : []),
    ...(ungrouped > 0 ? [`${ungrouped} acknowledged writes have no entry in the audit's group`] : []),
    ...(begun < sent ? [`${sent} writes were sent, and ${begun} had begun an audit entry`] : []),
  ];
}
