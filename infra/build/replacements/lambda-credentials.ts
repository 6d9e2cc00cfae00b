/**
 * Replaces the AWS SDK's default credential chain in bundles. A Lambda function's credentials come from its environment
 * only. The chain's other links (SSO, profiles, web identity, instance metadata, spawned processes) are 130 KB and some
 * 15 ms of every cold start, and could only fail. The local stack sets the same variables.
 */
export const defaultProvider = () => readCredentials;

async function readCredentials() {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set");
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
}
