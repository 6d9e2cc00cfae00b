/**
 * Replaces the AWS SDK's event-stream codec in bundles. Only operations that stream events load it, such as Kinesis' or
 * Transcribe's; no operation of DynamoDB or Secrets Manager does.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error("event streams are not part of the bundles (infra/build/replacements)");
  }
}

export const eventStreamSerdeProvider = undefined;
