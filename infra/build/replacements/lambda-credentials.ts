import { fromEnv } from "@aws-sdk/credential-provider-env";

/**
 * Stands in for the AWS SDK's default credential chain in bundles. A Lambda function's credentials come in its
 * environment and nowhere else, so the chain's other links (SSO, profiles, web identity, instance metadata,
 * spawned processes) are about 100 KB that could only ever fail. The local stack sets the same variables.
 */
export const defaultProvider = fromEnv;
