import { element } from "./element.ts";

/** Where a local stack lists its tokens (infra/local/gateway-plugin.ts). No other stack does. */
const LOCAL_TOKENS = "/.local/tokens.json";
/** The one that is selected first. */
const PREFERRED = "admin";

/**
 * A field for an access token, which stays in this page's memory. On a local stack also a list of its tokens.
 * @param purpose what the token is for
 * @returns the token to send, or `undefined` while there is none
 */
export function mountTokenPicker(host: HTMLElement, purpose: string, onChange = () => {}) {
  let token: string | undefined;
  const set = (value: string) => {
    const bare = value.trim().replace(/^bearer\s+/i, "");
    token = bare === "" ? undefined : bare;
    says.textContent = token === undefined ? purpose : describe(token, purpose);
    onChange();
  };
  const typed = element("input", { type: "password", autocomplete: "off", spellcheck: "false" });
  typed.addEventListener("change", () => {
    chosen.value = "";
    set(typed.value);
  });
  const chosen = element("select", {}, element("option", { value: "" }, "type your own"));
  chosen.addEventListener("change", () => {
    typed.value = "";
    set(chosen.value);
  });
  const local = element("label", { hidden: "" }, "Local token", chosen);
  const says = element("p", { class: "says", role: "status" }, purpose);
  host.append(local, element("label", { class: "wide" }, "Access token", typed), says);
  void localTokens().then((tokens) => {
    const names = Object.entries(tokens);
    if (names.length === 0) return;
    chosen.append(...names.map(([name, value]) => element("option", { value }, name)));
    local.hidden = false;
    const preferred = tokens[PREFERRED];
    if (preferred === undefined || token !== undefined) return;
    chosen.value = preferred;
    set(preferred);
  });
  return () => token;
}

/** The tokens of a local stack by name; none elsewhere. */
export async function localTokens(): Promise<Record<string, string>> {
  if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname)) return {};
  try {
    const response = await fetch(LOCAL_TOKENS);
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** The scopes that a token claims. For display only; the API verifies them. */
function describe(token: string, otherwise: string): string {
  const claims = claimsOf(token);
  const scope = claims.scope ?? claims.scp;
  const scopes = Array.isArray(scope) ? scope.join(" ") : scope;
  return typeof scopes === "string" && scopes !== ""
    ? `Its scopes: ${scopes.split(" ").join(", ")}.`
    : otherwise;
}

/** What a token claims, unverified; nothing when it is no JWT. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const [, payload = ""] = token.split(".");
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}
