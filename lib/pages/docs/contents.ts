import { tags } from "../../contract/route.ts";
import { routes } from "../../contract/routes.ts";

/** All operations as HTML, by tag: what can be read before the reference is ready. Runs at build time. */
export function renderContents(): string {
  const shown = routes.filter(({ response }) => response.kind !== "page");
  return Object.entries(tags)
    .map(([tag, description]) => {
      const items = shown
        .filter((route) => route.tag === tag)
        .map(
          ({ method, path, summary }) =>
            `<li><code><b>${method}</b> ${asText(path)}</code> ${asText(summary)}</li>`,
        );
      return `<section><h2>${asText(tag)}</h2><p>${asText(description)}</p><ul>${items.join("")}</ul></section>`;
    })
    .join("\n");
}

const asText = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
