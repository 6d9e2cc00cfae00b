import { errorName } from "./aws-client.ts";
import type { Clock } from "./clock.ts";
import {
  type CredentialSource,
  parseSecretValue,
  type SecretSource,
  SecretUnavailableError,
} from "./credentials.ts";
import type { Deadline } from "./deadline.ts";
import { ConfigurationError } from "./settings.ts";
import { createSingleFlight } from "./single-flight.ts";

/** How long a reading is fresh. */
const TTL_MS = 300_000;
/** Timeout of one reading, its retry included. */
const READING_TIMEOUT_MS = 5_000;
/** How long a reading outlives its TTL while Secrets Manager is unreachable. */
const STALE_MS = 3_600_000;
/** Interval between readings while Secrets Manager is unreachable. */
const PAUSE_MS = 10_000;

/**
 * RingCentral's credentials. While Secrets Manager is unreachable, the last reading serves for up to an hour:
 * RingCentral's rejection of the credentials reveals a rotation, not the TTL.
 * @param secretId name or ARN
 */
export const createCredentialSource = (secretId: string, clock: Clock, load?: LoadReader): CredentialSource =>
  createSecretSource(secretId, clock, { setting: "RINGCENTRAL_SECRET_ID", parse: parseSecretValue }, load);

/** Loads the client of Secrets Manager. */
export type LoadReader = () => Promise<
  (
    secret: { SecretId: string; VersionStage: string },
    signal: AbortSignal,
  ) => Promise<{ SecretString?: string | undefined }>
>;
const loadReader: LoadReader = () => import("./secrets-client.ts").then(({ createReader }) => createReader());

interface SecretForm<Value> {
  /** The setting that names the secret. */
  setting: string;
  /** @throws ConfigurationError naming the faulty field, never its value */
  parse(text: string): Value;
}

/** A secret of Secrets Manager, read on first use and cached; simultaneous readers share one reading. */
export function createSecretSource<Value>(
  secretId: string,
  clock: Clock,
  form: SecretForm<Value>,
  load: LoadReader = loadReader,
): SecretSource<Value> {
  const readStage = createStageReader(secretId, form, load);
  let known: { value: Value; freshUntil: number; staleUntil: number } | undefined;
  const readings = createSingleFlight<Value>(
    clock,
    (error) => error instanceof SecretUnavailableError && error.deadlineExceeded,
  );

  async function readCurrent(deadline: Deadline): Promise<Value> {
    const value = await readStage("AWSCURRENT", deadline);
    const freshUntil = clock.now() + TTL_MS;
    known = { value, freshUntil, staleUntil: freshUntil + STALE_MS };
    return value;
  }

  async function readOrServeStale(deadline: Deadline): Promise<Value> {
    try {
      return await readCurrent(deadline);
    } catch (error) {
      const now = clock.now();
      if (!(error instanceof SecretUnavailableError) || known === undefined || known.staleUntil <= now)
        throw error;
      known = { ...known, freshUntil: now + PAUSE_MS };
      return known.value;
    }
  }

  return {
    async current(deadline) {
      if (known && known.freshUntil > clock.now()) return known.value;
      return readings.run(
        "current",
        deadline,
        () => readOrServeStale(deadline),
        () => new SecretUnavailableError({ deadlineExceeded: true }),
      );
    },

    async refreshed(deadline) {
      const current = await readCurrent(deadline);
      // The former version is only a second chance: without it, the present one is usable.
      const previous = await readStage("AWSPREVIOUS", deadline).catch(() => current);
      return JSON.stringify(previous) === JSON.stringify(current) ? [current] : [current, previous];
    },
  };
}

/** Loads the client of Secrets Manager with the first reading. */
function createStageReader<Value>(secretId: string, { setting, parse }: SecretForm<Value>, load: LoadReader) {
  let reader: ReturnType<LoadReader> | undefined;
  return async (stage: "AWSCURRENT" | "AWSPREVIOUS", deadline: Deadline): Promise<Value> => {
    reader ??= load();
    const read = await reader;
    const timeoutMs = Math.min(deadline.remainingMs(), READING_TIMEOUT_MS);
    const timeUp = AbortSignal.timeout(timeoutMs);
    const { SecretString } = await read({ SecretId: secretId, VersionStage: stage }, timeUp).catch(
      (error) => {
        throw asReadingError(setting, error, timeUp.aborted && timeoutMs < READING_TIMEOUT_MS);
      },
    );
    if (SecretString === undefined) throw new ConfigurationError("secret", "holds no text");
    return parse(SecretString);
  };
}

/** A fault that an operator must fix is a ConfigurationError; every other fault may pass. */
function asReadingError(setting: string, error: unknown, deadlineExceeded: boolean): Error {
  const name = errorName(error);
  const problem = operatorFaults.get(name);
  return problem === undefined
    ? new SecretUnavailableError({ cause: new Error(name), deadlineExceeded })
    : new ConfigurationError(setting, problem);
}

const operatorFaults = new Map([
  ["ResourceNotFoundException", "names no secret"],
  ["AccessDeniedException", "names a secret that this function may not read"],
  ["InvalidParameterException", "is not a secret's name"],
  ["ValidationException", "is not a secret's name"],
  ["InvalidRequestException", "names a secret that cannot be read, such as a deleted one"],
  ["DecryptionFailure", "names a secret that this function may not decrypt"],
  ["UnrecognizedClientException", "cannot be read with these AWS credentials"],
  ["CredentialsProviderError", "cannot be read without AWS credentials"],
]);
