import { withAccessToken } from "../../client/src/send.ts";
import { SignIn } from "../../client/src/sign-in.ts";
import type { Me } from "../../contract/people.ts";
import type { scopes } from "../../contract/route.ts";
import { element } from "./element.ts";
import { mountTokenPicker } from "./token-picker.ts";

/** With whose rights the page calls this service. */
export interface Access {
  /** Another text for each token and each sign-in; `undefined` while there is neither. */
  who(): string | undefined;
  send(request: Request): Promise<Response>;
}

/** As the pages are registered (docs/guides/sign-in.md). */
const CLIENT_ID = "pages";
/** All of them: the server grants those that the person may have. */
const SCOPES: Record<keyof typeof scopes, true> = {
  "numbers:read": true,
  "numbers:write": true,
  "account:read": true,
  "account:manage": true,
  "people:manage": true,
  "sync:read": true,
  "sync:run": true,
  "ops:read": true,
};

/**
 * A token by hand, or a sign-in with RingCentral where this service has one. A sign-in lasts as long as the browser's tab,
 * for all pages in it.
 */
export function mountAccess(host: HTMLElement, purpose: string, onChange = () => {}): Access {
  let signIns = 0;
  let isSignedIn = false;
  let token: () => string | undefined = () => undefined;
  const who = () => (isSignedIn ? `sign-in ${signIns}` : token());
  const fields = element("div", { class: "token", hidden: "" });
  const button = element("button", { type: "button", hidden: "" });
  const says = element("p", { role: "status", "aria-label": "Sign-in" });
  host.append(fields, element("div", { class: "person" }, button, says));

  const signIn = signInOfPages(() => leave("The session has ended."));
  const sendWithToken = withAccessToken((request) => fetch(request), {
    accessToken: (request) => (isSignedIn ? signIn.accessToken(request) : (token() ?? "")),
    signInRequired: (rejected) => (isSignedIn ? signIn.signInRequired(rejected) : undefined),
  });
  const send = (request: Request) => (who() === undefined ? fetch(request) : sendWithToken(request));

  button.onclick = () =>
    void (isSignedIn ? signIn.signOut().then(() => leave("")) : signIn.start()).catch(tell);
  function tell({ message }: Error): void {
    says.textContent = `The sign-in failed: ${message}`;
  }

  async function begin(): Promise<void> {
    await signIn.complete(location.href).catch(tell);
    // The code has been used, and is nobody's business.
    if (/[?&](code|error)=/.test(location.search)) history.replaceState(null, "", location.pathname);
    if (await signIn.isSignedIn()) return enter();
    showFields();
    button.hidden = !(await isOffered());
  }

  async function enter(): Promise<void> {
    signIns += 1;
    isSignedIn = true;
    fields.hidden = true;
    button.hidden = false;
    button.textContent = "Sign out";
    onChange();
    const mine = who();
    const words = await describe(send);
    if (who() === mine) says.textContent = words;
  }

  function leave(why: string): void {
    isSignedIn = false;
    says.textContent = why;
    showFields();
    onChange();
  }

  function showFields(): void {
    button.textContent = "Sign in with RingCentral";
    fields.hidden = false;
    if (fields.childElementCount === 0) token = mountTokenPicker(fields, purpose, onChange);
  }

  void begin();
  return { who, send };
}

function signInOfPages(onSignInRequired: () => void): SignIn {
  return new SignIn({
    issuer: location.origin,
    clientId: CLIENT_ID,
    redirectUri: location.origin + location.pathname,
    scopes: Object.keys(SCOPES),
    storage: sessionStorage,
    openUrl: (url) => location.assign(url),
    onSignInRequired,
  });
}

/** PKCE needs `crypto.subtle`, which a page without TLS has on its own machine only. */
async function isOffered(): Promise<boolean> {
  if (!isSecureContext) return false;
  try {
    const response = await fetch("/.well-known/openid-configuration");
    return response.ok && (await response.json()).issuer === location.origin;
  } catch {
    return false;
  }
}

/** Who has signed in, as the API sees them. */
async function describe(send: Access["send"]): Promise<string> {
  try {
    const { data }: { data: Me } = await (await send(new Request("/v1/me"))).json();
    const { id, name = `Extension ${id}`, extensionNumber } = data.extension ?? { id: "unknown" };
    const number = extensionNumber === undefined ? "" : `, extension ${extensionNumber}`;
    return `Signed in as ${name}${number}. Scopes: ${data.scopes.join(", ")}.`;
  } catch {
    return "Signed in.";
  }
}
