/**
 * Adds accessibility markup that Swagger UI 5.35 lacks, after each rendering. Each rule names the axe check that
 * needs it (test/browser/docs.test.ts). Drop a rule once the check passes without it.
 */
export function amendAccessibility(root: HTMLElement): void {
  const amend = () => {
    for (const [selector, attributes] of Object.entries(amendments)) {
      for (const target of root.querySelectorAll(selector)) {
        for (const [name, value] of Object.entries(attributes)) amendAttribute(target, name, value);
      }
    }
    // label: a field has its row's name.
    for (const field of root.querySelectorAll("tr[data-param-name] :is(input, select, textarea)")) {
      const name = field.closest("tr[data-param-name]")?.getAttribute("data-param-name");
      amendAttribute(field, "aria-label", name ?? "");
    }
  };
  let isDue = false;
  new MutationObserver(() => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      amend();
    });
  }).observe(root, { childList: true, subtree: true });
  amend();
}

function amendAttribute(target: Element, name: string, value: string): void {
  // Setting an equal value would count as a change and trigger another round, without end.
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** By selector. */
const amendments: Record<string, Record<string, string>> = {
  // region: <main> begins below the description of the API.
  ".information-container": { role: "region", "aria-label": "About this API" },
  // heading-order: levels follow the nesting of the page.
  "h3.opblock-tag": { "aria-level": "2" },
  ".opblock h4": { "aria-level": "3" },
  ".models > h4": { "aria-level": "2" },
  ".opblock h5": { "aria-level": "4" },
  // label, select-name.
  "textarea.body-param__text": { "aria-label": "Request body" },
  "select.content-type": { "aria-label": "Media type" },
  // scrollable-region-focusable: a long response can be scrolled by keyboard.
  "pre.microlight, pre.microlight code": { tabindex: "0" },
};
