import { mountAccess } from "../shared/access.ts";
import { byId, element } from "../shared/element.ts";
import { claimsOf, localTokens } from "../shared/token-picker.ts";
import { loadDescription } from "./description.ts";

interface Reference {
  updateConfiguration(options: object): void;
}
declare global {
  /** Scalar's API reference: the script "reference", once it has run. */
  var Scalar: { createApiReference(host: Element, options: object): Reference };
}

const host = byId("reference");
const form = byId("access");
form.addEventListener("submit", (event) => event.preventDefault());
const access = mountAccess(form, "Sent with every request you try here. It stays in this page.");

/** Adds the token to a call of this service. */
function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  return new URL(request.url).origin === location.origin ? access.send(request) : fetch(request);
}

/** Runs a script that the page holds as text, so that the page can be read before its megabytes are parsed. */
function run(id: string): void {
  document.head.append(element("script", {}, byId(id).textContent ?? ""));
}

const isDark = matchMedia("(prefers-color-scheme: dark)");
/** Scalar keeps a scheme of its own; the page follows the system. */
const scheme = () => ({ forceDarkModeState: isDark.matches ? "dark" : "light" });

const hiddenClients = {
  ...Object.fromEntries(
    "c clojure csharp dart fsharp go http java js julia node objc ocaml php powershell python r ruby rust"
      .split(" ")
      .map((language) => [language, true]),
  ),
  shell: ["httpie", "wget"],
};

async function show(): Promise<void> {
  // A local stack's user, who has something to show; elsewhere the owner of the token.
  const { user = "" } = await localTokens();
  const { rc_extension_id: extensionId } = claimsOf(user);
  const content = await loadDescription(typeof extensionId === "string" ? extensionId : "me");
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  run("reference-script");
  const options = {
    content,
    fetch: send,
    telemetry: false,
    withDefaultFonts: false,
    hideClientButton: true,
    hideDarkModeToggle: true,
    showDeveloperTools: "never",
    documentDownloadType: "none",
    agent: { disabled: true },
    mcp: { disabled: true },
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    hiddenClients,
    defaultOpenFirstTag: true,
  };
  host.replaceChildren();
  const reference = Scalar.createApiReference(host, { ...options, ...scheme() });
  isDark.addEventListener("change", () => reference.updateConfiguration({ ...options, ...scheme() }));
}

show().catch((error: Error) => {
  const text = `The reference could not be loaded: ${error.message}. Reload the page to try again.`;
  host.prepend(element("p", { role: "alert", class: "failed" }, text));
});
