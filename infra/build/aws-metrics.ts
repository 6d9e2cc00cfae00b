interface Published {
  source: string;
  metrics: Readonly<Record<string, readonly string[]>>;
  /** The sets of dimensions that AWS publishes each of these metrics by. */
  dimensions: readonly (readonly string[])[];
}

/** The metrics of AWS's services that alarms and graphs use, as AWS's documentation names them. */
export const publishedMetrics: Readonly<Record<string, readonly Published[]>> = {
  "AWS/ApiGateway": [
    {
      source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html",
      metrics: { Count: ["SampleCount", "Sum"], "5xx": ["Sum"], "4xx": ["Sum"], Latency: ["p50", "p99"] },
      // By route only with detailed metrics, which cost (capacity.ts): our own metrics are by route.
      dimensions: [["ApiId"], ["ApiId", "Stage"]],
    },
  ],
  "AWS/Lambda": [
    {
      source: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
      metrics: { Errors: ["Sum"], Throttles: ["Sum"], ConcurrentExecutions: ["Maximum"] },
      dimensions: [["FunctionName"], ["FunctionName", "Resource"]],
    },
  ],
  "AWS/SQS": [
    {
      source:
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
      metrics: {
        ApproximateNumberOfMessagesVisible: ["Maximum"],
        ApproximateAgeOfOldestMessage: ["Maximum"],
      },
      dimensions: [["QueueName"]],
    },
  ],
  "AWS/DynamoDB": [
    {
      source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html",
      metrics: {
        ReadThrottleEvents: ["Sum"],
        WriteThrottleEvents: ["Sum"],
        ConsumedReadCapacityUnits: ["Sum"],
        ConsumedWriteCapacityUnits: ["Sum"],
      },
      dimensions: [["TableName"]],
    },
    {
      source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html",
      metrics: { SystemErrors: ["Sum"], ThrottledRequests: ["Sum"] },
      dimensions: [["Operation", "TableName"]],
    },
  ],
};
