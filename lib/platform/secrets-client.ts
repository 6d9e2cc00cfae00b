// The only module that loads the Secrets Manager client. It is imported on the first reading, and it names what it
// uses, so that a bundle carries one command of the client.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

export { GetSecretValueCommand };

const CONNECT_TIMEOUT_MS = 1_000;
const ATTEMPT_TIMEOUT_MS = 2_000;
/** Including the first. A reading that fails twice is better answered than waited for. */
const MAX_ATTEMPTS = 2;

/** Region, credentials and endpoint come from the standard AWS variables. */
export function createSecretsClient(): SecretsManagerClient {
  return new SecretsManagerClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: ATTEMPT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}
