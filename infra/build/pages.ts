import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { renderContents } from "../../lib/pages/docs/contents.ts";
import { renderErrorCatalogue } from "../../lib/pages/errors/render.ts";

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
  "operations/get-console": {
    html: "console/page.html",
    content: () => asAttribute(process.env.RUNBOOKS_URL ?? "docs/runbooks"),
    policy: { ...api, "require-trusted-types-for": "'script'", "trusted-types": "'none'" },
    maxKb: 13,
  },
};

/** By path, because Scalar does not export the name of its browser build. */
const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Packages that pages hold copies of: deployed, although npm lists them as tools. */
export const packagesInPages: readonly string[] = ["@scalar/api-reference"];

/**
 * Makes the page of a function: one HTML file with its scripts and styles inside, gzipped, and a policy that lets the
 * browser run and load exactly those.
 * @returns `undefined` when the function serves no page
 * @throws esbuild's BuildFailure; an Error when the page names a missing file
 */
export async function buildPage(functionName: string, root: string): Promise<Page> {
  const source = pages[functionName];
  if (source === undefined) return { files: [], inputs: {} };
  const path = join(root, "lib/pages", source.html);
  const inputs: Page["inputs"] = {};
  const hashes: Record<"script" | "style", string[]> = { script: [], style: [] };
  const template = (await readFile(path, "utf8")).replace("<!-- content -->", () => source.content?.() ?? "");
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
  const facts = {
    contentSecurityPolicy: policyText({
      "default-src": "'none'",
      "script-src": hashes.script.join(" ") || "'none'",
      "style-src": hashes.style.join(" ") || "'none'",
      // Icons are data URLs, also in the style sheet of the API reference.
      "img-src": "data:",
      ...source.policy,
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
    }),
    digest: createHash("sha256").update(html).digest("base64url").slice(0, 22),
  };
  const folder = `${functionName.split("/").at(-1)}.page`;
  return {
    inputs,
    files: [
      { path: `${folder}/index.html.gz`, contents: gzipSync(html, { level: 9 }) },
      { path: `${folder}/page.json`, contents: Buffer.from(`${JSON.stringify(facts, null, 2)}\n`) },
    ],
  };
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
