/**
 * AWS's list prices in us-east-1, in US dollars, without free tiers and discounts. The one place to change them.
 * `known`: "checked" with the month of the newest public page found that states it, on 26 November 2026; "from memory" where
 * none was found.
 */
export const prices = {
  region: "us-east-1",
  lambdaRequest: {
    usd: 0.2 / 1e6,
    page: "https://aws.amazon.com/lambda/pricing/",
    known: "checked, page undated",
  },
  lambdaGbSecond: {
    usd: 0.0000133334,
    page: "https://aws.amazon.com/lambda/pricing/",
    known: "checked, page undated",
  },
  httpApiRequest: {
    usd: 1 / 1e6,
    page: "https://aws.amazon.com/api-gateway/pricing/",
    known: "checked 2025-05",
  },
  dataOutGb: {
    usd: 0.09,
    page: "https://aws.amazon.com/ec2/pricing/on-demand/",
    known: "checked 2025-05",
  },
  readUnit: {
    usd: 0.125 / 1e6,
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "checked 2025-07",
  },
  writeUnit: {
    usd: 0.625 / 1e6,
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "checked 2025-07",
  },
  tableGbMonth: {
    usd: 0.25,
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "checked, page undated",
  },
  tableBackupGbMonth: {
    usd: 0.2,
    page: "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    known: "from memory",
  },
  secretMonth: {
    usd: 0.4,
    page: "https://aws.amazon.com/secrets-manager/pricing/",
    known: "checked, page undated",
  },
  secretCall: {
    usd: 0.05 / 1e4,
    page: "https://aws.amazon.com/secrets-manager/pricing/",
    known: "checked, page undated",
  },
  keyMonth: {
    usd: 1,
    page: "https://aws.amazon.com/kms/pricing/",
    known: "checked 2026-03",
  },
  keyCall: {
    usd: 0.03 / 1e4,
    page: "https://aws.amazon.com/kms/pricing/",
    known: "checked 2026-03",
  },
  logGb: {
    usd: 0.5,
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "checked 2026-02",
  },
  logStoredGbMonth: {
    usd: 0.03,
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "from memory",
  },
  metricMonth: {
    usd: 0.3,
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "checked 2026-02",
  },
  alarmMetricMonth: {
    usd: 0.1,
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "from memory",
  },
  dashboardMonth: {
    usd: 3,
    page: "https://aws.amazon.com/cloudwatch/pricing/",
    known: "checked 2026-06",
  },
  trace: {
    usd: 5 / 1e6,
    page: "https://aws.amazon.com/xray/pricing/",
    known: "checked, page undated",
  },
  queueRequest: {
    usd: 0.4 / 1e6,
    page: "https://aws.amazon.com/sqs/pricing/",
    known: "checked 2026-03",
  },
  busEvent: {
    usd: 1 / 1e6,
    page: "https://aws.amazon.com/eventbridge/pricing/",
    known: "checked 2026-03",
  },
  scheduledCall: {
    usd: 1 / 1e6,
    page: "https://aws.amazon.com/eventbridge/pricing/",
    known: "checked 2026-03",
  },
} as const;
