import type { metricDimensions } from "../../lib/platform/metrics.ts";
import { type AlarmDeclaration, metric, sumOf, total } from "./alarm-declaration.ts";
import type { Stack, StackFunction } from "./stack.ts";

const api = { ApiId: { Ref: "HttpApi" } };

/** Alarms about the service to callers. */
export function apiAlarms({ number, text }: Stack): AlarmDeclaration[] {
  const [latencyMs, requestsPerHour] = [number("latencyMs"), number("requestsPerHour")];
  const limited = metric(text("metricsNamespace"), "Problems", { Code: "upstream_limited_mode" }, 60);
  return [
    {
      name: "api-faults",
      meaning:
        "More than 5 % of the API's responses were 5xx for 3 of the last 5 minutes, those of RingCentral's limited mode not counted.",
      gameDay: "RingCentral answers every call with 503.",
      watches: {
        Metrics: [
          {
            Id: "ratio",
            Expression: "IF(calls >= 20, 100 * (faults - FILL(limited, 0)) / calls, 0)",
            Label: "5xx responses, per cent",
          },
          sumOf("faults", metric("AWS/ApiGateway", "5xx", api, 60)),
          sumOf("calls", metric("AWS/ApiGateway", "Count", api, 60)),
          sumOf("limited", limited),
        ],
      },
      above: 5,
      outOf: [3, 5],
    },
    {
      name: "api-latency",
      meaning: `One call in a hundred took more than ${latencyMs} ms for 3 of the last 5 minutes.`,
      gameDay: "RingCentral takes longer than the stage's latencyMs for every call.",
      watches: {
        ...metric("AWS/ApiGateway", "Latency", api, 60),
        ExtendedStatistic: "p99",
        // With a handful of calls the p99 is the slowest one, which means nothing.
        EvaluateLowSampleCountPercentile: "ignore",
      },
      above: latencyMs,
      outOf: [3, 5],
    },
    {
      name: "cost-guard",
      runbook: "cost",
      meaning: `More than ${requestsPerHour} calls reached the API within an hour.`,
      gameDay: "A client repeats its calls without a pause, for the stage's requestsPerHour.",
      watches: { ...metric("AWS/ApiGateway", "Count", api, 3600), Statistic: "Sum" },
      from: requestsPerHour,
    },
  ];
}

type Own = (name: keyof typeof metricDimensions, statistic: "Sum" | "Maximum", period?: number) => object;

/** The service's own metrics (lib/platform/metrics.ts), over all values of their dimensions. */
const ownMetrics =
  ({ text }: Stack): Own =>
  (MetricName, Statistic, Period = 300) => ({
    Namespace: text("metricsNamespace"),
    MetricName,
    Statistic,
    Period,
  });

export function upstreamAlarms(stack: Stack): AlarmDeclaration[] {
  const own = ownMetrics(stack);
  const { text } = stack;
  return [
    {
      name: "upstream-paused",
      meaning: "RingCentral made us pause for 5 of the last 10 minutes. Callers get 503 meanwhile.",
      gameDay: "RingCentral answers with 429 and a Retry-After of ten minutes.",
      watches: own("UpstreamPausedMs", "Sum", 600),
      from: 300_000,
    },
    {
      name: "upstream-limited-mode",
      meaning: "RingCentral is in limited mode (maintenance): writes and some reads get 503 until it ends.",
      gameDay: "RingCentral is in limited mode.",
      watches: own("UpstreamLimitedMode", "Sum"),
      from: 1,
    },
    {
      name: "token-failures",
      meaning: "RingCentral rejected 3 requests for an access token within 15 minutes.",
      gameDay: "The JWT credential is revoked at RingCentral.",
      // The pause after each failure doubles: 5 minutes see two of them.
      watches: own("TokenFailures", "Sum", 900),
      from: 3,
    },
    {
      name: "app-permission-missing",
      meaning:
        "RingCentral says that our app lacks a permission (CMN-401). Some routes, or the sync, cannot work.",
      gameDay: "The app loses the permission to read the account's numbers, while only the sync runs.",
      watches: own("AppPermissionMissing", "Sum"),
      from: 1,
    },
    {
      name: "audit-incomplete",
      meaning: "An entry of the audit is not in the audit's log group, but only in the functions' log.",
      gameDay: "CloudWatch Logs takes no entry of the audit.",
      watches: own("AuditFailures", "Sum"),
      from: 1,
    },
    {
      name: "table-unavailable",
      meaning: "Functions could not reach the table 3 times within 5 minutes.",
      gameDay: "The table stops answering.",
      watches: total("calls without the table", {
        limiter: metric(text("metricsNamespace"), "RateLimiterDegraded", {}, 300),
        tokens: metric(text("metricsNamespace"), "SharedTokenDegraded", {}, 300),
        calls: metric(text("metricsNamespace"), "Problems", { Code: "storage_unavailable" }, 300),
      }),
      from: 3,
    },
  ];
}

/** The time between two calls of `queueSyncs`, in seconds. It measures the state of every account. */
const TICK = 900;

/** The states that the schedule measures. A call that comes late leaves a period empty, which says nothing. */
export function stateAlarms(stack: Stack): AlarmDeclaration[] {
  const own = ownMetrics(stack);
  const lateSeconds = stack.number("syncLateSeconds");
  const lateTicks = Math.max(1, Math.ceil(lateSeconds / TICK));
  const minutes = Math.round(lateSeconds / 60);
  return [
    {
      name: "sync-late",
      meaning: `The snapshot of an account's phone numbers is older than ${minutes} minutes.`,
      gameDay: "RingCentral rejects every read of the numbers, until the snapshot is too old.",
      watches: own("SyncAgeSeconds", "Maximum", TICK),
      from: lateSeconds,
      missing: "ignore",
    },
    {
      name: "sync-never",
      runbook: "sync-late",
      meaning: `No sync of an account has ever succeeded, for ${minutes} minutes.`,
      gameDay: "A new account's secret stays empty.",
      watches: own("AccountsNeverSynced", "Maximum", TICK),
      from: 1,
      outOf: [lateTicks, lateTicks],
      missing: "ignore",
    },
    {
      name: "sync-quarantined",
      meaning: "A sync would remove too many numbers at once, so it waits for an operator's confirmation.",
      gameDay: "A third of the numbers disappears at RingCentral, until an operator confirms it.",
      watches: own("AccountsQuarantined", "Maximum", TICK),
      from: 1,
      missing: "ignore",
    },
    {
      name: "credentials-rejected",
      runbook: "token-failures",
      meaning: "RingCentral rejects the credentials in the secret, and no token is left.",
      gameDay: "The client secret is wrong from the beginning, and only the sync asks for a token.",
      watches: own("CredentialsRejected", "Maximum", TICK),
      from: 1,
      missing: "ignore",
    },
  ];
}

/** The longest time between two messages of the sync's queue, twice: a large account is due every 45 minutes. */
const WORKER_SILENT = 5400;

/**
 * A job that no longer succeeds: it is not called, or fails each time. Nothing is printed then, so the absence of its
 * metric is the alarm.
 */
export function heartbeat(stack: Stack, { key, logicalName, schedule }: StackFunction): AlarmDeclaration {
  const seconds = schedule === undefined ? WORKER_SILENT : secondsOf(schedule.rate);
  const periods = schedule === undefined ? 1 : 2;
  return {
    name: `silent-${key}`,
    logicalId: `${logicalName}SilentAlarm`,
    runbook: "job-silent",
    meaning: `The job ${key} has not succeeded for ${Math.round((periods * seconds) / 60)} minutes.`,
    gameDay: "The job is no longer called.",
    // Filled, because CloudWatch otherwise looks back past the missing periods for data.
    watches: total("successes", {
      successes: metric(stack.text("metricsNamespace"), "JobSuccesses", { Job: key }, seconds),
    }),
    below: 1,
    outOf: [periods, periods],
    missing: "breaching",
  };
}

const UNITS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** @throws for a schedule in another form than `rate(15 minutes)` */
function secondsOf(rate: string): number {
  const [, count, unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(rate) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) throw new Error(`an alarm needs the period of the schedule ${rate}`);
  return seconds;
}
