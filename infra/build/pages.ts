import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { renderContents } from "../../lib/pages/docs/contents.ts";
import { renderErrorCatalogue } from "../../lib/pages/errors/render.ts";
import { renderGuideList, renderGuides } from "../../lib/pages/guides/render.ts";

/** A file beside a bundle, by its path from there. */
export interface SideFile {
  path: string;
  contents: Uint8Array;
}

/** A page as its function serves it. */
interface Page {
  files: SideFile[];
  /** Its inputs by path from the project's root, with the bytes of the page that each takes. */
  inputs: Record<string, number>;
}

interface PageSource {
  /** Under lib/pages. The scripts and style sheets that it names are inlined. A script with `data-later` is text until the page runs it. */
  html: string;
  /** Replaces `<!-- content -->`. */
  content?: () => string;
  /** By the value of the route's path parameter, or "" for a route without one: what replaces `<!-- content -->` and `<!-- title -->` in each of its pages. */
  variants?: () => Record<string, { title: string; content: string }>;
  /** `content-security-policy`, in addition to the page's own scripts and styles. */
  policy: Record<string, string>;
  /** The maximum size, compressed. */
  maxKb: number;
}

const api = { "connect-src": "'self'" };

/** The functions that serve a page, and the page's source. */
export const pages: Readonly<Record<string, PageSource>> = {
  "operations/get-docs": {
    html: "docs/page.html",
    content: renderContents,
    // Scalar sets styles; no script but the page's own two runs.
    policy: { ...api, "style-src": "'unsafe-inline'" },
    maxKb: 1500,
  },
  "operations/get-error-catalogue": {
    html: "errors/page.html",
    content: renderErrorCatalogue,
    policy: {},
    maxKb: 8.5,
  },
  "operations/list-guides": {
    html: "guides/page.html",
    variants: () => ({ "": { title: "Guides", content: renderGuideList() } }),
    policy: {},
    maxKb: 2.7,
  },
  "operations/get-guide": {
    html: "guides/page.html",
    variants: () => renderGuides((source) => readFileSync(join(dirname(packages), source), "utf8")),
    policy: {},
    maxKb: 65,
  },
  "operations/get-console": {
    html: "console/page.html",
    content: () => asAttribute(process.env.RUNBOOKS_URL ?? "docs/runbooks"),
    policy: { ...api, "require-trusted-types-for": "'script'", "trusted-types": "'none'" },
    maxKb: 17,
  },
};

/** By path, because Scalar does not export the name of its browser build. */
const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Packages that pages hold copies of: deployed, although npm lists them as tools. */
export const packagesInPages: readonly string[] = ["@scalar/api-reference"];

/**
 * Makes the pages of a function: HTML files with their scripts and styles inside, gzipped, and a policy for each that lets
 * the browser run and load exactly those.
 * @returns nothing when the function serves no page
 * @throws esbuild's BuildFailure; an Error when a page names a missing file
 */
export async function buildPage(functionName: string, root: string): Promise<Page> {
  const source = pages[functionName];
  if (source === undefined) return { files: [], inputs: {} };
  const { html, content = () => "", variants } = source;
  const path = join(root, "lib/pages", html);
  const template = await readFile(path, "utf8");
  const folder = `${functionName.split("/").at(-1)}.page`;
  const contents = variants?.() ?? { "": { title: "", content: content() } };
  const built = await Promise.all(
    Object.entries(contents).map(async ([name, { title, content }]) => {
      const filled = template.replace("<!-- title -->", title).replace("<!-- content -->", () => content);
      const { text, facts, inputs } = await inlined(filled, path, source.policy, root);
      const files: SideFile[] = [
        { path: join(folder, name, "index.html.gz"), contents: gzipSync(text, { level: 9 }) },
        {
          path: join(folder, name, "page.json"),
          contents: Buffer.from(`${JSON.stringify(facts, null, 2)}\n`),
        },
      ];
      return { files, inputs };
    }),
  );
  return {
    files: built.flatMap(({ files }) => files),
    inputs: Object.assign({}, ...built.map(({ inputs }) => inputs)),
  };
}

/** The page with its scripts and styles inside it. */
async function inlined(template: string, path: string, policy: PageSource["policy"], root: string) {
  const inputs: Page["inputs"] = {};
  const hashes: Record<"script" | "style", string[]> = { script: [], style: [] };
  const parts = template.split(/(<script [^>]*src="[^"]+"[^>]*><\/script>|<link rel="stylesheet"[^>]*>)/);
  let html = "";
  for (const part of parts) {
    const [, kind, file] = /^<(script|link)[^>]*\b(?:src|href)="([^"]+)"/.exec(part) ?? [];
    if (file === undefined) {
      html += part;
      continue;
    }
    const element = kind === "script" ? "script" : "style";
    const { from, text } = await embeddable(file, dirname(path));
    hashes[element].push(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    inputs[relative(root, from).split(sep).join("/")] = text.length;
    const later = /\bdata-later="([\w-]+)"/.exec(part)?.[1];
    html += `<${element}${later === undefined ? "" : ` type="text/plain" id="${later}"`}>${text}</${element}>`;
  }
  const contentSecurityPolicy = policyText({
    "default-src": "'none'",
    "script-src": hashes.script.join(" ") || "'none'",
    "style-src": hashes.style.join(" ") || "'none'",
    // Icons are data URLs, also in the style sheet of the API reference.
    "img-src": "data:",
    ...policy,
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
  });
  const digest = createHash("sha256").update(html).digest("base64url").slice(0, 22);
  return { text: html, inputs, facts: { contentSecurityPolicy, digest } };
}

const asAttribute = (text: string) =>
  text.replace(/\/$/, "").replaceAll("&", "&amp;").replaceAll('"', "&quot;");

const policyText = (directives: Record<string, string>) =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");

/** A package's own build is used unchanged; our sources are bundled for browsers of the last three years. */
async function embeddable(file: string, folder: string): Promise<{ from: string; text: string }> {
  const isOurs = file.startsWith(".");
  const from = isOurs ? join(folder, file) : join(packages, file);
  const text = isOurs ? await bundle(from) : await readFile(from, "utf8");
  // Such a text would end the element around it.
  const isSafe = !/<\/(script|style)|<!--/i.test(text);
  if (isSafe) return { from, text };
  if (from.endsWith(".css")) throw new Error(`${from} cannot be put into a page`);
  // In a script such a text can only be in a string, a template or a regular expression.
  const escaped = text.replace(/<\/(script|style)/gi, "<\\/$1").replaceAll("<!--", "\\x3C!--");
  return { from, text: escaped };
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    platform: "browser",
    target: ["es2022", "safari16", "chrome110", "firefox115"],
    legalComments: "none",
    logLevel: "error",
  });
  return outputFiles.map(({ text }) => text.trim()).join("");
}
