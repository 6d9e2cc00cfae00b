import { createHash } from "node:crypto";

/** A page that a person may see on the way: plain, without scripts, and with nothing from outside. */
export interface Page {
  status: number;
  title: string;
  text: string;
  link?: { href: string; text: string };
  /** Opens `href` by itself, and says so in `Retry-After`. */
  retry?: { href: string; seconds: number };
}

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}" +
  "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#9cf}}";
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

export function renderPage({ status, title, text, link, retry }: Page) {
  const headers: Record<string, string> = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    ...(retry && { "retry-after": String(retry.seconds) }),
  };
  const lines = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    retry && `<meta http-equiv="refresh" content="${retry.seconds};url=${escapeHtml(retry.href)}">`,
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`,
    `<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`,
    link && `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>`,
    "</main></body></html>",
  ];
  return { status, headers, body: lines.filter(Boolean).join("\n") };
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

export const START_AGAIN = "Go back to the app and start again there.";
