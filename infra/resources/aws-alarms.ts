import { type AlarmDeclaration, metric, total } from "./alarm-declaration.ts";
import type { Stack, StackFunction } from "./stack.ts";

export function queueAlarms({ name: stack }: Stack): AlarmDeclaration[] {
  const ofQueue = (queue: string, name: string) => ({
    ...metric("AWS/SQS", name, { QueueName: `${stack}-${queue}` }, 300),
    Statistic: "Maximum",
  });
  const deadLetters = (queue: string, meaning: string, gameDay: string) => ({
    name: `${queue}-letters`,
    runbook: "dead-letters",
    meaning,
    gameDay,
    watches: ofQueue(queue, "ApproximateNumberOfMessagesVisible"),
    from: 1,
  });
  return [
    {
      name: "sync-queue-age",
      runbook: "sync-late",
      meaning: "A message for the sync has waited for an hour: its worker takes none, or not enough.",
      gameDay: "The worker is switched off while the schedule goes on.",
      watches: ofQueue("sync", "ApproximateAgeOfOldestMessage"),
      from: 3600,
    },
    deadLetters(
      "sync-dead",
      "A message for the sync failed 5 times and is in the dead-letter queue.",
      "A run throws each time that its message is delivered.",
    ),
    deadLetters(
      "bus-dead",
      "The event bus could not encrypt an event, and kept it in the dead-letter queue.",
      "The bus loses its key.",
    ),
    deadLetters(
      "scheduled-dead",
      "A scheduled call could not be delivered, or failed after all retries.",
      "The table is away during a scheduled call and its two retries.",
    ),
  ];
}

export function tableAlarms({ functions }: Stack): AlarmDeclaration[] {
  const table = { TableName: { Ref: "RecordsTable" } };
  const actions = new Set(functions.flatMap(({ permissions }) => permissions.table));
  const operations = [...actions].map((action) => action.replace("dynamodb:", ""));
  const ofOperation = (Operation: string) =>
    metric("AWS/DynamoDB", "SystemErrors", { ...table, Operation }, 300);
  return [
    {
      name: "table-errors",
      runbook: "table-unavailable",
      meaning: "DynamoDB failed 5 requests to the table within 5 minutes by an error of its own.",
      gameDay: "DynamoDB answers with 500.",
      watches: total(
        "requests that DynamoDB failed",
        Object.fromEntries(operations.map((operation) => [operation.toLowerCase(), ofOperation(operation)])),
      ),
      from: 5,
    },
    {
      name: "table-throttled",
      runbook: "table-unavailable",
      meaning: "DynamoDB throttled 10 requests to the table within 5 minutes.",
      gameDay: "DynamoDB throttles reads and writes.",
      watches: total("throttled requests", {
        reads: metric("AWS/DynamoDB", "ReadThrottleEvents", table, 300),
        writes: metric("AWS/DynamoDB", "WriteThrottleEvents", table, 300),
      }),
      from: 10,
    },
  ];
}

/** The logical id of the alarm on one function's crashes. */
export const functionAlarm = (logicalName: string) => `${logicalName}CrashesAlarm`;

const ofAlias = ({ name }: StackFunction, metricName: string, period: number) =>
  metric("AWS/Lambda", metricName, { FunctionName: name, Resource: `${name}:live` }, period);

/**
 * Errors that Lambda itself sees: a crash, a timeout, a bundle that does not load. A handler's 5xx response is none.
 * They are counted at the alias, so for the old and the new version alike.
 */
export function crashes(definition: StackFunction): AlarmDeclaration {
  const { key, logicalName } = definition;
  return {
    name: `crashes-${key}`,
    logicalId: functionAlarm(logicalName),
    runbook: "function-crashes",
    meaning: `The function ${key} crashed or ran out of time twice within a minute.`,
    gameDay: "Invocations end without a response.",
    watches: { ...ofAlias(definition, "Errors", 60), Statistic: "Sum" },
    from: 2,
  };
}

/** [AWS] The most metrics of one alarm. An alarm for each function would exceed the 500 resources of a template. */
const MOST_METRICS = 10;

export function throttling({ functions }: Stack): AlarmDeclaration[] {
  const groups = Array.from({ length: Math.ceil(functions.length / MOST_METRICS) }, (_, index) =>
    functions.slice(index * MOST_METRICS, (index + 1) * MOST_METRICS),
  );
  return groups.map((group, index) => ({
    name: `throttled-${index + 1}`,
    runbook: "function-throttled",
    meaning: `Lambda rejected 10 calls of one of these within 5 minutes: ${group.map(({ key }) => key).join(", ")}.`,
    gameDay: "Lambda rejects invocations.",
    watches: total(
      "rejected calls",
      Object.fromEntries(group.map((one) => [one.key.toLowerCase(), ofAlias(one, "Throttles", 300)])),
    ),
    from: 10,
  }));
}
