import { arnOf, ownAccountOnly } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * Where alarms go, and the monthly budget that goes there too. `alarmEmail` subscribes one address; a pager
 * subscribes itself.
 */
export function alarmTopic({ name, text, number }: Stack) {
  const email = text("alarmEmail");
  const topic = { Ref: "AlarmTopic" };
  return {
    Resources: {
      AlarmTopic: {
        Type: "AWS::SNS::Topic",
        Properties: {
          TopicName: `${name}-alarms`,
          KmsMasterKeyId: arnOf("OperationsKey"),
          ...(email !== "" && { Subscription: [{ Protocol: "email", Endpoint: email }] }),
        },
      },
      AlarmTopicPolicy: {
        Type: "AWS::SNS::TopicPolicy",
        Properties: {
          Topics: [topic],
          PolicyDocument: {
            Version: "2012-10-17",
            Statement: [
              {
                Sid: "Announce",
                Effect: "Allow",
                Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
                Action: ["sns:Publish"],
                Resource: topic,
                Condition: ownAccountOnly,
              },
            ],
          },
        },
      },
      MonthlyBudget: {
        Type: "AWS::Budgets::Budget",
        // A budget may only name a topic that lets it in.
        DependsOn: ["AlarmTopicPolicy"],
        Properties: {
          Budget: {
            BudgetName: name,
            BudgetType: "COST",
            TimeUnit: "MONTHLY",
            BudgetLimit: { Amount: number("monthlyBudgetUsd"), Unit: "USD" },
            // osls puts this tag on all it makes. Activate it once as a cost allocation tag (docs/operations.md).
            CostFilters: { TagKeyValue: [`user:service$${name}`] },
          },
          NotificationsWithSubscribers: [
            notification("ACTUAL", 80, topic),
            notification("FORECASTED", 100, topic),
          ],
        },
      },
    },
    Outputs: {
      AlarmTopicArn: { Description: "Where alarms are announced: subscribe a pager to it", Value: topic },
    },
  };
}

function notification(type: string, percent: number, topic: object) {
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
