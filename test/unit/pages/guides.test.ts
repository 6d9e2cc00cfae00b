import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { renderGuides } from "../../../lib/pages/guides/render.ts";

const pages = renderGuides((source) => readFileSync(join(projectRoot, source), "utf8"));
const hrefsOf = (html: string) => [...html.matchAll(/<a href="([^"]*)"/g)].map(([, href = ""]) => href);
const idsOf = (html: string) => [...html.matchAll(/ id="([^"]*)"/g)].map(([, id = ""]) => id);

test.each(Object.entries(pages))("every link of the guide %s leads somewhere", (name, { content }) => {
  const broken = hrefsOf(content).filter((href) => {
    if (/^https?:|^\/docs\/errors#\w+$|^\/docs#tag\/|^\/openapi\.json$/.test(href)) return false;
    const [path = "", anchor] = href.split("#");
    const target = path === "" ? pages[name] : pages[path.replace("/docs/guides/", "")];
    return target === undefined || (anchor !== undefined && !idsOf(target.content).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test.each(Object.entries(pages))(
  "the guide %s has one title, each id once, and no raw HTML",
  (_, { content }) => {
    expect(content.match(/<h1 /g)).toHaveLength(1);
    const ids = idsOf(content);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(content).not.toMatch(/<script|<iframe|style="|\son\w+=/);
  },
);

test("an operation leads to the reference, and a problem to the catalogue", () => {
  const { content = "" } = pages.idempotency ?? {};
  expect(content).toContain(
    '<a href="/docs#tag/caller-blocking/POST/v1/extensions/{extensionId}/caller-blocking/phone-numbers/batch">',
  );
  expect(content).toContain('<a href="/docs/errors#outcome_unknown"><code>outcome_unknown</code></a>');
});
