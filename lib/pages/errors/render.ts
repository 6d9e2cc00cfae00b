import { type ProblemCode, problems } from "../../contract/problems.ts";
import type { Route } from "../../contract/route.ts";
import { problemCodesOf } from "../../contract/route-problems.ts";
import { routes } from "../../contract/routes.ts";
import { fixOf } from "./fixes.ts";

/** The entries of the error catalogue as HTML, grouped by status, each with its code as an anchor. Runs at build time. */
export function renderErrorCatalogue(): string {
  const codes = Object.keys(problems).filter((code): code is ProblemCode => code in problems);
  const statuses = [...new Set(codes.map((code) => problems[code].status))].sort((a, b) => a - b);
  return [
    '<nav aria-label="Codes"><ul>',
    ...[...codes].sort().map((code) => `<li><a href="#${code}"><code>${code}</code></a></li>`),
    "</ul></nav>",
    ...statuses.flatMap((status) => [
      `<section aria-labelledby="status-${status}"><h2 id="status-${status}">${status} ${phrases[status] ?? ""}</h2>`,
      ...codes.filter((code) => problems[code].status === status).map(renderEntry),
      "</section>",
    ]),
  ].join("\n");
}

function renderEntry(code: ProblemCode): string {
  const { title, meaning, retryable } = problems[code];
  const { owner, fix } = fixOf(code);
  return `<article id="${code}">
<h3><a href="#${code}"><code>${code}</code></a></h3>
<p class="title">${prose(title)}</p>
<p>${prose(meaning)}</p>
<dl>
<dt>Try again?</dt><dd>${retryable ? "Yes, after waiting; the same request may succeed." : "No, the same request will fail again."}</dd>
<dt>Owner</dt><dd>${prose(capital(owner))}</dd>
<dt>What to do</dt><dd>${prose(fix)}</dd>
<dt>Returned by</dt><dd>${operationsReturning(code)}</dd>
</dl>
</article>`;
}

/** For a code of more than eight operations, lists the ones that cannot return it. */
function operationsReturning(code: ProblemCode): string {
  const all: readonly Route[] = routes.filter(({ response }) => response.kind !== "page");
  const having = all.filter((route) => problemCodesOf(route).includes(code));
  const list = (some: readonly Route[]) =>
    some.map(({ operationId }) => `<code>${operationId}</code>`).join(", ");
  if (having.length === 0) return "Any operation";
  if (having.length === all.length) return "Every operation";
  if (having.length <= 8) return list(having);
  return `Every operation except ${list(all.filter((route) => !having.includes(route)))}`;
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

function prose(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/`([^`]+)`/g, "<code>$1</code>");
}

const phrases: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};
