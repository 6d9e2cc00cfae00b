// @ts-check
import { number, stackName, text } from "./service-functions.js";

/**
 * Where alarms go, and the monthly budget that goes there too. `alarmEmail` subscribes one address; a pager
 * subscribes itself.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function alarmTopic(variables) {
  const stack = await stackName(variables);
  const email = await text(variables, "alarmEmail");
  const topic = { Ref: "AlarmTopic" };
  return {
    Resources: {
      AlarmTopic: {
        Type: "AWS::SNS::Topic",
        Properties: {
          TopicName: `${stack}-alarms`,
          KmsMasterKeyId: { "Fn::GetAtt": ["OperationsKey", "Arn"] },
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
                Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
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
            BudgetName: stack,
            BudgetType: "COST",
            TimeUnit: "MONTHLY",
            BudgetLimit: { Amount: await number(variables, "monthlyBudgetUsd"), Unit: "USD" },
            // osls puts this tag on all it makes. Activate it once as a cost allocation tag (docs/operations.md).
            CostFilters: { TagKeyValue: [`user:service$${stack}`] },
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

/** @param {string} type @param {number} percent @param {object} topic */
function notification(type, percent, topic) {
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
