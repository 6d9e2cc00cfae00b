import { byId, element } from "../shared/element.ts";
import { mountTokenPicker } from "../shared/token-picker.ts";
import { amendAccessibility } from "./amend-accessibility.ts";
import { loadDescription } from "./description.ts";

/** Swagger UI, which the page loads before this script. */
declare const SwaggerUIBundle: (options: Record<string, unknown>) => unknown;

const host = byId("reference");
const access = byId("access");
access.addEventListener("submit", (event) => event.preventDefault());

const token = mountTokenPicker(access, "Sent with every request you try here. It stays in this page.");

// Swagger UI has a dark scheme, but only with a class on the document.
const isDark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", followScheme);
followScheme();

interface System {
  React: { createElement: (type: string, props: object | null, ...children: unknown[]) => unknown };
}

/** Replaced parts of Swagger UI: the token is selected above, and there is one server. */
const plugin = {
  wrapComponents: {
    ServersContainer: () => () => null,
    AuthorizeBtnContainer: () => () => null,
    // Keyboards and screen readers cannot reach a link in a button. The button itself sets the fragment.
    DeepLink:
      (_original: unknown, { React }: System) =>
      ({ text }: { text: unknown }) =>
        React.createElement("span", null, text),
  },
};

/** Adds the token to a call of this service. */
function authorize(request: { url: string; headers: Record<string, string> }) {
  const bearer = token();
  const isOurs = new URL(request.url, location.href).origin === location.origin;
  if (bearer !== undefined && isOurs) request.headers.authorization = `Bearer ${bearer}`;
  return request;
}

loadDescription().then(
  (spec) => {
    SwaggerUIBundle({
      spec,
      domNode: host,
      plugins: [plugin],
      deepLinking: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      defaultModelExpandDepth: 3,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      syntaxHighlight: false,
      validatorUrl: null,
      requestInterceptor: authorize,
    });
    amendAccessibility(host);
  },
  (error: Error) => {
    const text = `The description could not be loaded: ${error.message}. Reload the page to try again.`;
    host.replaceChildren(element("p", { role: "alert", class: "failed" }, text));
  },
);
