const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];

/**
 * Why an app may not be registered with a redirect URI; `undefined`: it may. Allowed are https links, loopback addresses,
 * whose port may differ in each request, and private-use schemes (RFC 8252, 7).
 */
export function redirectUriProblem(uri: string): string | undefined {
  if (!URL.canParse(uri)) return "is no URL";
  const { protocol, hostname, hash, username, password } = new URL(uri);
  if (/[*\s]/.test(uri)) return "holds a wildcard or a space";
  if (hash !== "" || uri.includes("#")) return "has a fragment";
  if (username !== "" || password !== "") return "holds a user name or password";
  if (protocol === "https:") return undefined;
  if (protocol === "http:") return LOOPBACK.includes(hostname) ? undefined : "is http, without TLS";
  // A name under the app's own domain, so that it is no other app's (RFC 8252, 7.1).
  return /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(protocol)
    ? undefined
    : "has a scheme without a domain, such as com.example.app";
}
