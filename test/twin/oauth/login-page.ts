import type { HttpResponse } from "../edge/response.ts";

/** The content of the log-in page. */
export interface LoginPage {
  appName: string;
  /** The authorize request, which the form sends along. */
  query: URLSearchParams;
  people: readonly { id: string; label: string }[];
  /** Why the last attempt failed. */
  problem?: string;
}

const escapes: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
button{font:inherit;padding:.5rem .75rem;min-width:44px;min-height:44px}
li button{width:100%;text-align:left}ul{list-style:none;padding:0}li{margin:.25rem 0}
input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box}[role=alert]{border:2px solid #a40000;padding:.5rem}`;

/** The page on which a person says who they are. It works without scripts, by keyboard and by screen reader. */
export function loginPage({ appName, query, people, problem }: LoginPage): HttpResponse {
  const hidden = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const buttons = people.map(
    ({ id, label }) => `<li><button name="as" value="${escapeHtml(id)}">${escapeHtml(label)}</button></li>`,
  );
  const hint = escapeHtml(query.get("login_hint") ?? "");
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in to the RingCentral twin</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>${style}</style></head>
<body><main><h1>Sign in</h1>
<p>${escapeHtml(appName)} asks for access to your phone settings. This is a simulator: no password is needed.</p>
${problem === undefined ? "" : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="/login">${hidden.join("")}
<fieldset><legend>Who are you?</legend><ul>${buttons.join("")}</ul></fieldset>
</form>
<form method="post" action="/login">${hidden.join("")}
<p><label for="who">Somebody else: extension id or e-mail</label>
<input id="who" name="as" value="${hint}" autocomplete="off" required></p>
<p><button>Sign in</button> <button name="cancel" value="true" formnovalidate>Cancel</button></p>
</form></main></body></html>`;
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
  };
  return { status: problem === undefined ? 200 : 403, headers, body };
}
