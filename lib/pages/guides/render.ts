import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { problems } from "../../contract/problems.ts";
import { routes } from "../../contract/routes.ts";
import { guides } from "./guides.ts";

interface Guide {
  name: string;
  title: string;
  source: string;
}

const inOrder: readonly Guide[] = Object.values(guides).flat();

/**
 * Every guide as HTML with its navigation, by its name. Runs at build time.
 * @param read gives a Markdown file by its path from the project's root
 */
export function renderGuides(
  read: (source: string) => string,
): Record<string, { title: string; content: string }> {
  return Object.fromEntries(
    inOrder.map((guide) => {
      // On a phone the navigation comes after the guide.
      const all = '<p class="all"><a href="#guides">All guides</a></p>';
      const main = `${all}\n${bodyOf(guide.source, read(guide.source))}\n${neighbours(guide)}`;
      const content = `<div class="layout">\n<main id="guide">\n${main}\n</main>\n${navigation(guide)}\n</div>`;
      return [guide.name, { title: asText(guide.title), content }];
    }),
  );
}

/** The page that lists the guides. */
export function renderGuideList(): string {
  const groups = Object.entries(guides).map(([group, members]) => {
    const items = members.map(({ name, title, about }) => {
      const link = `<a href="/docs/guides/${name}">${asText(title)}</a>`;
      return `<li>${link}<br>${asText(about)}</li>`;
    });
    return `<h2>${group}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
  });
  return `<div class="layout">\n<main id="guide">\n<h1>Guides</h1>\n${groups.join("\n")}\n</main>\n</div>`;
}

function bodyOf(source: string, markdown: string): string {
  const html = micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()] });
  return html
    .replace(
      /<(h[1-6])>(.*?)<\/\1>/g,
      (_, tag: string, text: string) => `<${tag} id="${anchorOf(text)}">${text}</${tag}>`,
    )
    .replace(/<table>.*?<\/table>/gs, stackable)
    .replace(/<pre>.*?<\/pre>|<table .*?<\/table>/gs, (block) => scrollable(block))
    .replace(/<a href="([^"]*)">(.*?)<\/a>/gs, (_, href: string, text: string) => link(source, href, text))
    .replace(
      /(<a [^>]*>.*?<\/a>)|<code>([^<]*)<\/code>/gs,
      (whole, anchor: string | undefined, code: string) => (anchor === undefined ? linkedCode(code) : whole),
    );
}

/** As code hosts make them, so that links into a document work in both places. */
const anchorOf = (heading: string) =>
  heading
    .replace(/<[^>]+>|&\w+;/g, "")
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

/** A block that may be wider than a phone: the keyboard can scroll it. */
const scrollable = (block: string) =>
  `<div class="wide" tabindex="0" role="group" aria-label="${block.startsWith("<pre") ? "Code" : "Table"}">${block}</div>`;

const roles: Readonly<Record<string, string>> = {
  table: "table",
  thead: "rowgroup",
  tbody: "rowgroup",
  tr: "row",
};

/** A table whose rows are lists of their columns on a phone; the roles keep it a table for screen readers. */
function stackable(table: string): string {
  const columns = Array.from(table.matchAll(/<th>(.*?)<\/th>/gs), ([, name = ""]) =>
    name.replace(/<[^>]+>/g, ""),
  );
  let cell = 0;
  return table
    .replace(/<(table|thead|tbody|tr)>/g, (_, tag: string) => `<${tag} role="${roles[tag]}">`)
    .replaceAll("<th>", '<th role="columnheader" scope="col">')
    .replaceAll("<td>", () => {
      cell += 1;
      return `<td role="cell" data-column="${columns[(cell - 1) % columns.length]}">`;
    });
}

/** A link of a document: to a guide's page, to the OpenAPI file, or out. Other files of the project have no page here. */
function link(source: string, href: string, text: string): string {
  if (/^(https?:|#|\/)/.test(href)) return `<a href="${href}">${text}</a>`;
  const { pathname, hash } = new URL(href, `file:///${source}`);
  const target = pathname.slice(1);
  if (target === "docs/openapi.json") return `<a href="/openapi.json">${text}</a>`;
  const guide = inOrder.find((one) => one.source === target);
  if (guide === undefined) return text;
  return `<a href="/docs/guides/${guide.name}${hash}">${text}</a>`;
}

const operationLinks = new Map(
  routes
    .filter(({ response }) => response.kind !== "page")
    .map(({ method, path, tag }) => [
      `${method} ${path}`,
      `/docs#tag/${tag.toLowerCase().replaceAll(" ", "-")}/${method}${path}`,
    ]),
);

/** Operations lead to the reference, problem codes to the catalogue. */
function linkedCode(code: string): string {
  const isProblem = Object.hasOwn(problems, code);
  const href = isProblem ? `/docs/errors#${code}` : operationLinks.get(code.split("?")[0] ?? "");
  const html = `<code>${code}</code>`;
  return href === undefined ? html : `<a href="${href}">${html}</a>`;
}

function navigation({ name }: Guide): string {
  const groups = Object.entries(guides).map(([group, members]) => {
    const items = members.map(({ name: other, title }) => {
      const current = other === name ? ' aria-current="page"' : "";
      return `<li><a href="/docs/guides/${other}"${current}>${asText(title)}</a></li>`;
    });
    return `<h2>${group}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
  });
  return `<nav class="guides" id="guides" aria-label="Guides"><div>\n${groups.join("\n")}\n</div></nav>`;
}

function neighbours(guide: Guide): string {
  const at = inOrder.indexOf(guide);
  const to = (one: Guide | undefined, label: string) =>
    one === undefined ? "" : `<a href="/docs/guides/${one.name}">${label}: ${asText(one.title)}</a>`;
  return `<nav class="turn" aria-label="Previous and next guide">${to(inOrder[at - 1], "Previous")} ${to(inOrder[at + 1], "Next")}</nav>`;
}

const asText = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
