import { actsFor, allow, arnOf, ownArn, policy, resource, tlsOnly } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

const topic = { Ref: "AlarmTopic" };

/** The topic for alarms and for the monthly budget. `alarmEmail` subscribes one address; a pager subscribes itself. */
export function alarmTopic({ name, text, number }: Stack) {
  const email = text("alarmEmail");
  const announce = (Sid: string, Service: string, source: string) => ({
    Sid,
    Principal: { Service },
    ...allow(["sns:Publish"], topic, actsFor(source)),
  });
  return {
    Resources: {
      AlarmTopic: resource("AWS::SNS::Topic", {
        TopicName: `${name}-alarms`,
        KmsMasterKeyId: arnOf("OperationsKey"),
        ...(email !== "" && { Subscription: [{ Protocol: "email", Endpoint: email }] }),
      }),
      AlarmTopicPolicy: resource("AWS::SNS::TopicPolicy", {
        Topics: [topic],
        PolicyDocument: policy(
          announce("Alarms", "cloudwatch.amazonaws.com", ownArn("cloudwatch", `alarm:${name}-*`)),
          announce("Budget", "budgets.amazonaws.com", "arn:${AWS::Partition}:budgets::${AWS::AccountId}:*"),
          tlsOnly(["sns:Publish"], topic),
        ),
      }),
      MonthlyBudget: resource(
        "AWS::Budgets::Budget",
        {
          Budget: {
            BudgetName: name,
            BudgetType: "COST",
            TimeUnit: "MONTHLY",
            BudgetLimit: { Amount: number("monthlyBudgetUsd"), Unit: "USD" },
            // osls puts this tag on all its resources. Activate it once as a cost allocation tag (docs/operations.md).
            CostFilters: { TagKeyValue: [`user:service$${name}`] },
          },
          NotificationsWithSubscribers: [notification("ACTUAL", 80), notification("FORECASTED", 100)],
        },
        // AWS Budgets rejects a topic whose policy does not admit it yet.
        { DependsOn: ["AlarmTopicPolicy"] },
      ),
    },
    Outputs: {
      AlarmTopicArn: { Description: "Where alarms are announced: subscribe a pager to it", Value: topic },
    },
  };
}

function notification(type: string, percent: number) {
  return {
    Notification: {
      NotificationType: type,
      ComparisonOperator: "GREATER_THAN",
      Threshold: percent,
      ThresholdType: "PERCENTAGE",
    },
    Subscribers: [{ SubscriptionType: "SNS", Address: topic }],
  };
}
