import type { Deadline } from "../../platform/deadline.ts";
import type { Credentials } from "../ports.ts";

/** The one step of RingCentral's OAuth that the fleet takes. */
export interface OAuthSteps {
  /**
   * The JWT-bearer grant: one call of the token endpoint, never repeated inside. [docs: JWT]
   * @throws RingCentralError kind `auth` (RingCentral refused these credentials), `rate_limited` (429, with
   * `retryAfterMs` when stated), or `unavailable`, `timeout`, `broken` (it did not say)
   */
  login(credentials: Credentials, deadline: Deadline): Promise<TokenGrant>;
}

export interface TokenGrant {
  accessToken: string;
  /** RingCentral's `expires_in`. */
  expiresInSeconds: number;
  /** RingCentral's `owner_id`. */
  ownerId?: string;
}
