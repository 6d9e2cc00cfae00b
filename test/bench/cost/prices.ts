/**
 * AWS's list prices in us-east-1, in US dollars, without free tiers and discounts. The one place to change them.
 * `of` is what the table shows the price of; `usd` is always of one. `page` is where AWS states the price. AWS's pages of today could not be asked: `known` is the month of the newest public
 * page found in November 2026 with the same figure, AWS's own or another's.
 */
export const prices = {
  region: "us-east-1",
  lambdaRequest: {
    usd: 0.2 / 1e6,
    of: "a million requests",
    page: "https://aws.amazon.com/lambda/pricing/",
    known: "page without a date",
  },
  lambdaGbSecond: {
    usd: 0.0000133334,
    of: "a million GB-seconds of arm64",
    page: "https://aws.amazon.com/lambda/pricing/",
    known: "page without a date",
  },
  httpApiRequest: {
    usd: 1 / 1e6,
    of: "a million requests",
    page: "https://aws.amazon.com/api-gateway/pricing/",
    known: "2025-05",
  },
  dataOutGb: {
    usd: 0.09,
    of: "a GB",
    page: "https://aws.amazon.com/ec2/pricing/on-demand/",
    known: "2025-05",
  },
  readUnit: {
    usd: 0.125 / 1e6,
    of: "a million units",
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "2025-07",
  },
  writeUnit: {
    usd: 0.625 / 1e6,
    of: "a million units",
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "2025-07",
  },
  tableGbMonth: {
    usd: 0.25,
    of: "a GB for a month",
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "page without a date",
  },
  tableBackupGbMonth: {
    usd: 0.2,
    of: "a GB for a month",
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "page without a date",
  },
  secretMonth: {
    usd: 0.4,
    of: "a secret for a month",
    page: "https://aws.amazon.com/secrets-manager/pricing/",
    known: "page without a date",
  },
  secretCall: {
    usd: 0.05 / 1e4,
    of: "a million calls",
    page: "https://aws.amazon.com/secrets-manager/pricing/",
    known: "page without a date",
  },
  keyMonth: {
    usd: 1,
    of: "a key, or a rotated one, for a month",
    page: "https://aws.amazon.com/kms/pricing/",
    known: "2026-03",
  },
  keyCall: {
    usd: 0.03 / 1e4,
    of: "a million calls",
    page: "https://aws.amazon.com/kms/pricing/",
    known: "2026-03",
  },
  logGb: {
    usd: 0.5,
    of: "a GB written",
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "2026-02",
  },
  logStoredGbMonth: {
    usd: 0.03,
    of: "a GB for a month",
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "page without a date",
  },
  metricMonth: {
    usd: 0.3,
    of: "a metric for a month",
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "2026-02",
  },
  alarmMetricMonth: {
    usd: 0.1,
    of: "a metric for a month",
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "page without a date",
  },
  dashboardMonth: {
    usd: 3,
    of: "a dashboard for a month",
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "2026-06",
  },
  trace: {
    usd: 5 / 1e6,
    of: "a million traces",
    page: "https://aws.amazon.com/xray/pricing/",
    known: "page without a date",
  },
  queueRequest: {
    usd: 0.4 / 1e6,
    of: "a million requests",
    page: "https://aws.amazon.com/sqs/pricing/",
    known: "2026-03",
  },
  busEvent: {
    usd: 1 / 1e6,
    of: "a million events",
    page: "https://aws.amazon.com/eventbridge/pricing/",
    known: "2026-03",
  },
  scheduledCall: {
    usd: 1 / 1e6,
    of: "a million calls",
    page: "https://aws.amazon.com/eventbridge/pricing/",
    known: "2026-03",
  },
} as const;
