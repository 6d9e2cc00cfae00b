import * as z from "zod/mini";
import { startAwsEndpoint } from "../../infra/local/aws-endpoint.ts";

const Entry = z.looseObject({ action: z.string(), outcome: z.string(), requestId: z.string() });
type Entry = z.infer<typeof Entry>;
const Put = z.looseObject({ logEvents: z.array(z.looseObject({ message: z.string() })) });

/** The audit's entries: in the functions' logs, and in the log group of the audit. */
export interface Audit {
  url: string;
  printed: readonly Entry[];
  grouped: readonly Entry[];
  print(line: string): void;
  close(): Promise<void>;
}

/** CloudWatch Logs on loopback, for the one operation that the audit uses. */
export async function startAudit(): Promise<Audit> {
  const printed: Entry[] = [];
  const grouped: Entry[] = [];
  const { url, close } = await startAwsEndpoint((_, input: unknown) => {
    for (const { message } of Put.parse(input).logEvents) grouped.push(Entry.parse(JSON.parse(message)));
    return {};
  });
  return {
    url,
    printed,
    grouped,
    print: (line) => void printed.push(Entry.parse(JSON.parse(line))),
    close: async () => close(),
  };
}

/**
 * Each acknowledged write has its entry in the function's log and in the group, and each write that was sent had begun one.
 * @param isComplete the group has lost nothing
 */
export function judgeAudit(
  { printed, grouped }: Audit,
  replies: readonly { status: number; requestId: string }[],
  sent: number,
  isComplete: boolean,
): string[] {
  const named = (entries: readonly Entry[]) =>
    new Set(entries.filter(({ outcome }) => outcome === "succeeded").map(({ requestId }) => requestId));
  const [inLog, inGroup] = [named(printed), named(grouped)];
  const acknowledged = replies.filter(({ status }) => status === 201 || status === 204);
  const unprinted = acknowledged.filter(({ requestId }) => !inLog.has(requestId)).length;
  const ungrouped = acknowledged.filter(({ requestId }) => !inGroup.has(requestId)).length;
  const begun = printed.filter(({ outcome }) => outcome === "started").length;
  return [
    ...(unprinted > 0 ? [`${unprinted} acknowledged writes have no audit entry in the function's log`] : []),
    ...(ungrouped > 0 && isComplete
      ? [`${ungrouped} acknowledged writes have no entry in the audit's group`]
      : []),
    ...(begun < sent ? [`${sent} writes were sent, and ${begun} had begun an audit entry`] : []),
  ];
}
