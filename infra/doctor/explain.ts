import type { RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import { administrator, appOwner, type Explanation } from "./finding.ts";

/** By the codes of RingCentral's OAuth, and OAuth's own `error`. [docs: ERR] [observed: SO] */
const loginCodes: Record<string, Explanation> = {
  "OAU-140": {
    found: "RingCentral does not take the JWT credential: it is unknown, has expired, or is for another app",
    fix: "The service's user, in the developer console under Credentials: make a new JWT for this app's client id.",
  },
  "OAU-141": {
    found: "the extension of the service's user is not enabled",
    fix: `${administrator}: enable the user, or make the JWT credential for another one.`,
  },
  "OAU-142": {
    found: "the account is not active: none of its users may log in",
    fix: "An administrator of the account: settle with RingCentral what it is suspended for.",
  },
  "OAU-147": {
    found: "the user is locked out after failed logins",
    fix: `${administrator}: unlock the user; then stop whatever keeps trying with a wrong credential.`,
  },
  "OAU-165": {
    found: "the app is registered for RingCentral's sandbox only",
    fix: `${appOwner}: make a production app, and use its client id and secret.`,
  },
  "OAU-251": {
    found: "the app may not log in with a JWT credential",
    fix: `${appOwner}: choose "JWT auth flow" under Auth.`,
  },
  "CMN-408": {
    found: "the user's role may not log in through apps (ThirdPartyAppAccess)",
    fix: `${administrator}: add that permission to the role of the service's user.`,
  },
  invalid_client: {
    found: "RingCentral does not know the client id, or the client secret does not belong to it",
    fix: "Compare both with the app's page in the developer console; a secret that was renewed there is the usual reason.",
  },
};

/** Why a login was rejected. */
export function explainLogin(failure: RingCentralFailure): Explanation {
  if (failure.kind !== "auth") return explainCall(failure);
  const { errorCode = "", oauthError = "", status } = failure;
  return (
    loginCodes[errorCode] ??
    loginCodes[oauthError] ?? {
      found: `RingCentral rejected the login (${[status, oauthError, errorCode].filter(Boolean).join(", ")})`,
      fix: "Look the code up in RingCentral's documentation, or ask its support.",
    }
  );
}

const notOffered: Explanation = {
  found: "RingCentral does not offer this for the extension",
  fix: "Its type or plan, or an account moved to the new call handling, excludes it: Ringfront returns 403.",
};
const noPlan: Explanation = {
  found: "no rate limits are defined for the app, so RingCentral rejects every call",
  fix: `${appOwner}: choose an API plan for it.`,
};

/** By the codes of RingCentral's calls. [docs: ERR] */
const callCodes: Record<string, Explanation> = {
  "CMN-102": { found: "there is no such extension in this account", fix: "Check the id." },
  "CMN-109": notOffered,
  "CMN-302": noPlan,
  "CMN-303": noPlan,
  "CMN-211": {
    found: "RingCentral is in limited mode, as during its maintenance",
    fix: "Try again when the maintenance is over.",
  },
  "CMN-403": notOffered,
  "CMN-404": {
    found: "the user may not reach another extension",
    fix: `${administrator}: give the service's user an administrator's role.`,
  },
  "CMN-468": notOffered,
  "CMN-405": {
    found: "the login belongs to no extension",
    fix: "The service's user must have an extension: make the JWT credential for such a user.",
  },
};

/** Why a call failed, or the login when it was not rejected. */
export function explainCall(failure: RingCentralFailure): Explanation {
  const { kind, errorCode = "", status, permissionName, retryAfterMs = 60_000 } = failure;
  if (kind === "rate_limited") {
    const seconds = Math.ceil(retryAfterMs / 1000);
    return {
      found: "RingCentral's rate limit is reached",
      fix: `Wait ${seconds} seconds before anything calls again: an early call prolongs the pause for every client.`,
    };
  }
  if (status === undefined) return explainNetwork(failure);
  if (errorCode === "CMN-401") {
    const found = `the app lacks the permission ${permissionName ?? "that this needs"}`;
    return { found, fix: `${appOwner}: add it under the app's permissions.` };
  }
  if (errorCode === "CMN-402" || errorCode === "CMN-408") {
    const found = `the user's role lacks ${permissionName ?? "the permission that this needs"}`;
    return { found, fix: `${administrator}: add it to the role of the service's user.` };
  }
  const lookUp = "Look the code up in RingCentral's documentation.";
  return (
    callCodes[errorCode] ?? {
      found: `RingCentral returned ${[status, errorCode].filter(Boolean).join(" ")}`,
      fix: kind === "rejected" ? lookUp : "RingCentral fails: try again later.",
    }
  );
}

/** By the network's error codes. */
const causes: Record<string, string> = {
  ENOTFOUND: "the server's name is not known (DNS)",
  EAI_AGAIN: "the server's name could not be looked up (DNS)",
  ECONNREFUSED: "nothing listens at that address",
  ECONNRESET: "the connection was cut",
  EHOSTUNREACH: "there is no way to that address",
  ENETUNREACH: "there is no way to that address",
};

function explainNetwork({ kind, cause }: RingCentralFailure): Explanation {
  const code = cause instanceof Error ? cause.message : "";
  if (kind === "timeout") {
    return { found: "no response in time", fix: "Check firewalls and proxies between here and the server." };
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|ALTNAME/.test(code)) {
    return {
      found: `the server's certificate is not trusted (${code})`,
      fix: "Check the address; behind a proxy that opens connections, name its certificate in NODE_EXTRA_CA_CERTS.",
    };
  }
  return {
    found: causes[code] ?? `there is no connection (${code || "unknown cause"})`,
    fix: "Check the server's address, and that this machine may reach it on port 443.",
  };
}
