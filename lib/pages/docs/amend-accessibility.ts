/**
 * Adds accessibility markup that Swagger UI 5.35 lacks, after each rendering. Each rule names the axe check that
 * needs it (test/browser/docs.test.ts). Drop a rule once the check passes without it.
 */
export function amendAccessibility(root: HTMLElement): void {
  const amend = () => {
    for (const { selector, attributes } of amendments) {
      for (const target of root.querySelectorAll(selector)) {
        for (const [name, value] of Object.entries(attributes)) {
          amendAttribute(target, name, value);
        }
      }
    }
    // label: a field has its row's name.
    for (const field of root.querySelectorAll("tr[data-param-name] :is(input, select, textarea)")) {
      const row = field.closest("tr[data-param-name]");
      amendAttribute(field, "aria-label", row?.getAttribute("data-param-name") ?? "");
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

interface Amendment {
  selector: string;
  attributes: Record<string, string>;
}

const amendments: Amendment[] = [
  // region: <main> begins below the description of the API.
  { selector: ".information-container", attributes: { role: "region", "aria-label": "About this API" } },
  // heading-order: levels follow the nesting of the page.
  { selector: "h3.opblock-tag", attributes: { "aria-level": "2" } },
  { selector: ".opblock h4", attributes: { "aria-level": "3" } },
  { selector: ".models > h4", attributes: { "aria-level": "2" } },
  { selector: ".opblock h5", attributes: { "aria-level": "4" } },
  // label, select-name.
  { selector: "textarea.body-param__text", attributes: { "aria-label": "Request body" } },
  { selector: "select.content-type", attributes: { "aria-label": "Media type" } },
  // scrollable-region-focusable: a long response can be scrolled by keyboard.
  { selector: "pre.microlight, pre.microlight code", attributes: { tabindex: "0" } },
];
