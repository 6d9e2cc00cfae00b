import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { App, User } from "../data/world.ts";
import type { Random } from "../random.ts";

export interface Challenge {
  method: "plain" | "S256";
  value: string;
}

/** A checked request of the authorize endpoint. */
export interface Authorization {
  app: App;
  redirectUri: string;
  /** Whether the request named it; then the token request has to, as well. */
  namesRedirectUri: boolean;
  state?: string;
  challenge?: Challenge;
  nonce?: string;
  wantsIdToken: boolean;
}

/** An authorization code and what it was given for. */
export interface Grant {
  code: string;
  app: App;
  user: User;
  authorization: Authorization;
  issuedAt: number;
  expiresAt: number;
  /** Set by the first attempt to redeem the code, whatever came of it. */
  isUsed: boolean;
  /** The session of a redeemed code. */
  sessionId?: string;
}

/** The authorization codes given out. */
export interface Codes {
  issue(authorization: Authorization, user: User, lifetimeSeconds: number): Grant;
  find(code: string): Grant | undefined;
  clear(): void;
}

export function createCodes(clock: Clock, random: Random): Codes {
  const grants = new Map<string, Grant>();
  return {
    issue(authorization, user, lifetimeSeconds) {
      const issuedAt = clock.now();
      const code = `twin-code-${grants.size + 1}-${random.hex(24)}`;
      const expiresAt = issuedAt + lifetimeSeconds * 1000;
      const { app } = authorization;
      const grant = { code, app, user, authorization, issuedAt, expiresAt, isUsed: false };
      grants.set(code, grant);
      return grant;
    },
    find: (code) => grants.get(code),
    clear: () => grants.clear(),
  };
}

/** @returns whether a verifier belongs to a challenge [RFC 7636, section 4.6] */
export function provesChallenge({ method, value }: Challenge, verifier: string): boolean {
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)) return false;
  return (
    value === (method === "plain" ? verifier : createHash("sha256").update(verifier).digest("base64url"))
  );
}
