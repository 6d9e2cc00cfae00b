import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as queueSyncs } from "../../functions/sync/queue-syncs.ts";
import { handler as runSync } from "../../functions/sync/run-sync.ts";
import { handler as renewSubscriptions } from "../../functions/webhooks/renew-subscriptions.ts";
import { resourcesOf, spell, type Template } from "../../infra/build/template.ts";
import { metricsOfAlarm } from "../../infra/build/template-metrics.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { EvaluatedAlarm, MetricStore } from "../support/alarm-board.ts";
import { invoke, lambdaContext } from "../support/api-gateway.ts";
import { write } from "../support/extension-writes.ts";
import { type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, sqsEvent, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";
import { packageService } from "../unit/infra/packaged-service.ts";

// Each alarm of the packaged template, by its own definition: it is quiet, its outage is made, it fires, the outage
// ends, it clears. The functions print their metrics; those of AWS's services are played from what the calls meet.

const MINUTE = 60_000;
const { template } = packageService({}, "prod");
const api = { ApiId: spell({ Ref: "HttpApi" }) };
const table = { TableName: spell({ Ref: "RecordsTable" }) };

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
let store: MetricStore;
let token: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Math.floor(Date.now() / MINUTE) * MINUTE);
  service = await startService({ limits: { Light: 1000, Medium: 1000, Heavy: 1000 } });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
  store = new MetricStore("Ringfront/prod");
  vi.spyOn(process.stdout, "write").mockImplementation(store.print);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await sync.stop();
  await service.stop();
});

interface GameDay {
  /** What happens in each minute (from 0), besides the outage. */
  minute?: (minute: number) => unknown;
  /** The minutes before the outage. */
  quiet?: number;
  begin: () => unknown;
  end: () => unknown;
  /** Within how many minutes it fires, and clears. */
  within: number;
}

async function play(name: string, day: GameDay): Promise<void> {
  await playDay(name, day).catch((error: Error) => {
    error.message = `${name}: ${error.message}`;
    throw error;
  });
}

async function playDay(
  name: string,
  { minute = () => {}, quiet = 2, begin, end, within }: GameDay,
): Promise<void> {
  const alarm = new EvaluatedAlarm(template, name, store);
  let now = 0;
  async function pass(minutes: number, until?: string): Promise<void> {
    for (let passed = 0; passed < minutes && alarm.state !== (until ?? ""); passed += 1) {
      await minute(now++);
      vi.setSystemTime(Math.floor(Date.now() / MINUTE) * MINUTE + MINUTE);
      alarm.evaluate();
      if (until === undefined) expect(alarm.state, `before the outage, minute ${now}`).not.toBe("ALARM");
    }
  }
  await pass(quiet);
  await begin();
  await pass(within, "ALARM");
  expect(alarm.state, "in the outage").toBe("ALARM");
  await end();
  await pass(within, "OK");
  expect(alarm.state, "after the outage").toBe("OK");
}

/** A call of an app through the gateway, which measures it. @param lastsMs how long it takes */
async function call(lastsMs = 5): Promise<void> {
  const startedAt = Date.now();
  const request = { token, headers: { "cache-control": "no-cache" } };
  const responding = invoke(listForwardingNumbers, listForwardingNumbersRoute, request);
  if (lastsMs > 5) vi.setSystemTime(startedAt + lastsMs);
  const { status } = await responding;
  store.put("AWS/ApiGateway", "Count", api, 1);
  store.put("AWS/ApiGateway", "5xx", api, status >= 500 ? 1 : 0);
  store.put("AWS/ApiGateway", "Latency", api, Date.now() - startedAt);
}

async function calls(count: number, lastsMs?: number): Promise<void> {
  token = await service.mint({});
  await Promise.all(Array.from({ length: count }, () => call(lastsMs)));
}

/** The schedule calls every quarter of an hour, and the worker takes what is queued. */
const ticks = (minute: number) => (minute % 15 === 0 ? lab.syncNow() : undefined);

/** Cold instances whose table, or whose secret, is another one. */
function restartWith(variable: string, value: string | undefined): void {
  if (value !== undefined) process.env[variable] = value;
  resetRuntime();
}

async function putSecret(secret: string): Promise<void> {
  const client = new SecretsManagerClient({});
  await client.send(
    new PutSecretValueCommand({ SecretId: process.env.RINGCENTRAL_SECRET_ID, SecretString: secret }),
  );
  client.destroy();
  resetRuntime();
}
const secret = (changes: object = {}) => {
  const { clientId, clientSecret, jwt } = SEED;
  return JSON.stringify({ server: service.twin.url, clientId, clientSecret, jwt, ...changes });
};

const NOWHERE = "http://127.0.0.1:9";
let tableUrl: string | undefined;
function loseTable(): void {
  tableUrl = process.env.AWS_ENDPOINT_URL_DYNAMODB;
  restartWith("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE);
}
const findTable = () => restartWith("AWS_ENDPOINT_URL_DYNAMODB", tableUrl);

const fault = (more: object) => service.twin.faults.add({ kind: "status", times: 99_999, ...more } as never);
const noFault = () => service.twin.faults.clear();

/** A metric of AWS that only AWS can send: the values of one minute, during the outage and otherwise. */
function played(
  namespace: string,
  name: string,
  dimensions: Record<string, string>,
  values: [bad: number, good: number],
) {
  let isOut = false;
  return {
    minute: () => store.put(namespace, name, dimensions, values[isOut ? 0 : 1]),
    begin: () => {
      isOut = true;
    },
    end: () => {
      isOut = false;
    },
    within: 20,
  };
}

const days: Record<string, () => GameDay> = {
  "api-faults": () => ({
    minute: () => calls(20),
    quiet: 1,
    begin: () => fault({ status: 503 }),
    end: noFault,
    within: 12,
  }),
  "api-latency": () => {
    let lastsMs = 5;
    return {
      minute: () => calls(1, lastsMs),
      begin: () => {
        lastsMs = 3500;
      },
      end: () => {
        lastsMs = 5;
      },
      within: 12,
    };
  },
  "cost-guard": () => ({ ...played("AWS/ApiGateway", "Count", api, [10_000, 100]), within: 70 }),
  "upstream-paused": () => ({
    // The table's clock, which dates a pause, does not follow the test's.
    quiet: 0,
    async begin() {
      fault({ status: 429, headers: { "Retry-After": "600" }, operation: "listForwardingNumbers" });
      fault({ status: 429, headers: { "Retry-After": "600" }, operation: "listCompanyNumbers" });
      await calls(1);
      await lab.syncNow();
    },
    end: noFault,
    within: 60,
  }),
  "upstream-limited-mode": () => ({
    minute: () => write(service, "addBlockedNumber", undefined, { token }),
    begin: () => service.twin.configure({ limitedMode: true }),
    end: () => service.twin.configure({ limitedMode: false }),
    within: 25,
  }),
  "token-failures": () => ({
    // Away from the ends of the pauses, which a call would wait for.
    minute: (minute) => (minute % 3 === 0 ? calls(1) : undefined),
    begin: () => {
      service.twin.rotateJwt("renewed");
      service.twin.endSessions();
    },
    end: () => putSecret(secret({ jwt: "renewed" })),
    within: 70,
  }),
  "app-permission-missing": () => ({
    minute: ticks,
    begin: () => fault({ operation: "listCompanyNumbers", status: 403, errorCode: "CMN-401" }),
    end: noFault,
    within: 40,
  }),
  "audit-incomplete": () => ({
    minute: () => write(service, "addBlockedNumber", undefined, { token }),
    begin: () => {
      process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS = NOWHERE;
      restartWith("AUDIT_LOG_GROUP", "/ringfront-prod/audit");
    },
    end: () => restartWith("AUDIT_LOG_GROUP", ""),
    within: 12,
  }),
  "table-unavailable": () => ({ minute: () => calls(2), begin: loseTable, end: findTable, within: 12 }),
  "sync-late": () => ({
    minute: ticks,
    begin: () => fault({ operation: "listCompanyNumbers", status: 400, errorCode: "CMN-101" }),
    end: noFault,
    within: 180,
  }),
  "sync-never": () => ({
    minute: ticks,
    begin: async () => {
      await putSecret("{}");
      restartWith("SYNC_ACCOUNTS", "3700999");
      restartWith("SERVED_ACCOUNTS", "3700999");
    },
    end: async () => {
      await putSecret(secret());
      restartWith("SYNC_ACCOUNTS", SEED.accountId);
      restartWith("SERVED_ACCOUNTS", SEED.accountId);
    },
    within: 150,
  }),
  "sync-quarantined": () => ({
    minute: ticks,
    begin: () => {
      for (const { id } of service.twin.numbers.list().slice(100, 180)) service.twin.numbers.remove(id);
    },
    end: () => lab.confirm(),
    within: 50,
  }),
  "credentials-rejected": () => ({
    minute: ticks,
    begin: async () => {
      service.twin.endSessions();
      await putSecret(secret({ clientSecret: "wrong-1" }));
      await putSecret(secret({ clientSecret: "wrong-2" }));
    },
    end: () => putSecret(secret()),
    within: 90,
  }),
  "sync-queue-age": () => {
    let isOff = false;
    const ageOf = async () => {
      const sent = (await sync.waiting()) as { requestedAt: number }[];
      return Math.max(0, ...sent.map(({ requestedAt }) => (Date.now() - requestedAt) / 1000));
    };
    return {
      async minute(minute) {
        if (minute % 15 === 0) await lab.schedule();
        if (!isOff) await lab.workOnce();
        const queue = { QueueName: "ringfront-prod-sync" };
        store.put("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, await ageOf());
      },
      begin: () => {
        isOff = true;
      },
      end: () => {
        isOff = false;
      },
      within: 90,
    };
  },
  "sync-dead-letters": () => ({
    async minute() {
      const { QueueUrl } = deadLetters();
      const request = { QueueUrl, AttributeNames: ["ApproximateNumberOfMessages" as const] };
      const { Attributes } = await sync.sqs.client.send(new GetQueueAttributesCommand(request));
      const visible = Number(Attributes?.ApproximateNumberOfMessages);
      const dimensions = { QueueName: "ringfront-prod-sync-dead" };
      store.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, visible);
    },
    async begin() {
      await lab.schedule();
      loseTable();
      // Five deliveries of each of the two messages that are due; the sixth look moves a message away.
      for (let delivery = 0; delivery < 12; delivery += 1) await deliverOnce();
      findTable();
    },
    async end() {
      const dead = { ...deadLetters(), MaxNumberOfMessages: 10 };
      const { Messages = [] } = await sync.sqs.client.send(new ReceiveMessageCommand(dead));
      for (const { ReceiptHandle } of Messages)
        await sync.sqs.client.send(new DeleteMessageCommand({ ...deadLetters(), ReceiptHandle }));
    },
    within: 10,
  }),
  "scheduled-dead-letters": () => {
    let waiting = 0;
    const [, config] = resourcesOf(template, "AWS::Lambda::EventInvokeConfig")[0] ?? [];
    return {
      minute: () =>
        store.put(
          "AWS/SQS",
          "ApproximateNumberOfMessagesVisible",
          { QueueName: "ringfront-prod-scheduled-dead" },
          waiting,
        ),
      async begin() {
        loseTable();
        const tries = 1 + Number(config?.Properties.MaximumRetryAttempts);
        let failed = 0;
        for (let n = 0; n < tries; n += 1) await lab.schedule().catch(() => failed++);
        if (failed === tries) waiting += 1;
        findTable();
      },
      end: () => {
        waiting = 0;
      },
      within: 10,
    };
  },
  "bus-dead-letters": () =>
    played("AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName: "ringfront-prod-bus-dead" }, [1, 0]),
  "table-errors": () => played("AWS/DynamoDB", "SystemErrors", { ...table, Operation: "PutItem" }, [3, 0]),
  "table-throttled": () => played("AWS/DynamoDB", "WriteThrottleEvents", table, [4, 0]),
  "silent-queueSyncs": () => silenced(15, () => queueSyncs({}, lambdaContext())),
  "silent-runSync": () => silenced(15, () => runSync(sqsEvent(), lambdaContext())),
  "silent-renewSubscriptions": () => silenced(720, () => renewSubscriptions({}, lambdaContext())),
};

/** A job that is called in its time, then no longer, then again. */
function silenced(everyMinutes: number, job: () => Promise<unknown>): GameDay {
  let isCalled = true;
  return {
    minute: (minute) => (isCalled && minute % everyMinutes === 0 ? job() : undefined),
    begin: () => {
      isCalled = false;
    },
    end: () => {
      isCalled = true;
    },
    within: 3 * Math.max(everyMinutes, 60),
  };
}

const deadLetters = () => ({ QueueUrl: `${sync.sqs.queue.url}-dead` });

async function deliverOnce(): Promise<void> {
  const request = { QueueUrl: sync.sqs.queue.url, VisibilityTimeout: 0 };
  const { Messages = [] } = await sync.sqs.client.send(new ReceiveMessageCommand(request));
  for (const { Body = "" } of Messages) {
    const { batchItemFailures } = await runSync(sqsEvent(Body), lambdaContext());
    expect(batchItemFailures).toHaveLength(1);
  }
}

const names = (of: Template) =>
  resourcesOf(of, "AWS::CloudWatch::Alarm").map(([, { Properties }]) =>
    String(Properties.AlarmName).replace("ringfront-prod-", ""),
  );
const ofFunctions = names(template).filter((name) => /^(crashes|throttled)-/.test(name));

describe("on its game day", () => {
  it("every alarm of the template has one", () => {
    expect(names(template).sort()).toEqual([...Object.keys(days), ...ofFunctions].sort());
  });

  it.each(Object.entries(days))("%s fires, and clears", async (name, day) => {
    token = service.tokens.admin;
    await play(name, day());
  });

  it("each function's alarms on crashes and throttling fire, and clear", async () => {
    for (const name of ofFunctions) {
      const metrics = resourcesOf(template, "AWS::CloudWatch::Alarm")
        .filter(([, { Properties }]) => Properties.AlarmName === `ringfront-prod-${name}`)
        .flatMap(([logicalId, { Properties }]) => metricsOfAlarm(logicalId, Properties));
      for (const metric of metrics) {
        const dimensions = Object.entries(metric.dimensions).map(([key, value = ""]) => [key, value]);
        await play(name, played("AWS/Lambda", metric.name, Object.fromEntries(dimensions), [3, 0]));
      }
    }
  });

  it("limited mode makes only its own alarm fire, and its rejections are no faults", async () => {
    const quiet = names(template).filter((name) => !/^(crashes|throttled|silent)-/.test(name));
    const alarms = quiet.map((name) => [name, new EvaluatedAlarm(template, name, store)] as const);
    const limited = { status: 503, errorCode: "CMN-211", headers: { "Retry-After": "12" } };
    fault({ ...limited, operation: "listForwardingNumbers" });
    for (let minute = 0; minute < 4; minute += 1) {
      await calls(20);
      vi.setSystemTime(Date.now() + MINUTE);
      for (const [, alarm] of alarms) alarm.evaluate();
    }
    const on = alarms.filter(([, { state }]) => state === "ALARM").map(([name]) => name);
    expect(on).toEqual(["upstream-limited-mode"]);
    const faults = { reader: "", namespace: "Ringfront/prod", name: "RequestFaults", statistic: "Sum" };
    expect(store.statistic({ ...faults, dimensions: {} }, 0, Date.now())).toBe(0);
  });
});
