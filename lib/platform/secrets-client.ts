// The only module that loads the Secrets Manager client, at the first read. Named imports keep the client's other
// commands out of the bundle.
import {
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { clientOptions } from "./aws-client.ts";

const CONNECT_TIMEOUT_MS = 1_000;
const ATTEMPT_TIMEOUT_MS = 2_000;
/** Including the first. After two failures, an early error is better than a longer wait. */
const MAX_ATTEMPTS = 2;

/** Region, credentials and endpoint come from the standard AWS variables. */
export function createReader() {
  const client = new SecretsManagerClient(
    clientOptions(MAX_ATTEMPTS, ATTEMPT_TIMEOUT_MS, CONNECT_TIMEOUT_MS),
  );
  return (secret: GetSecretValueCommandInput, abortSignal: AbortSignal) =>
    client.send(new GetSecretValueCommand(secret), { abortSignal });
}
