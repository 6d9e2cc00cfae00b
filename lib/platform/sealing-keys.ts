import * as z from "zod/mini";
import type { Clock } from "./clock.ts";
import { parseSecret, type SecretSource } from "./credentials.ts";
import { createSecretSource, type LoadReader } from "./secrets.ts";

/** 256 random bits or more. */
const sealingKey = z.string().check(z.regex(/^[A-Za-z0-9_-]{43,128}$/));
/** Secrets Manager makes the first one, and can make no list. */
const SealingKeys = z.object({
  sealingKeys: z.pipe(
    z.union([sealingKey, z.array(sealingKey).check(z.minLength(1))]),
    z.transform((keys) => [keys].flat()),
  ),
});

/** The first key seals; all of them open. They are texts for `deriveKey`. */
export type SealingKeys = z.output<typeof SealingKeys>;

/**
 * The keys for RingCentral's sessions of people who signed in. They are no part of the sign-in server's secret: a function
 * that opens a session need not be able to sign tokens.
 */
export const createSealingKeys = (
  secretId: string,
  clock: Clock,
  load?: LoadReader,
): SecretSource<SealingKeys> => {
  const parse = (text: string) => parseSecret(text, SealingKeys);
  return createSecretSource(secretId, clock, { setting: "SESSION_SECRET_ID", parse }, load);
};
