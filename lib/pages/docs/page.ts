import { byId, element } from "../shared/element.ts";
import { mountTokenPicker } from "../shared/token-picker.ts";
import { amendAccessibility } from "./amend-accessibility.ts";
import { loadDescription } from "./description.ts";
import { renderReference } from "./renderer.ts";

const host = byId("reference");
const access = byId("access");
access.addEventListener("submit", (event) => event.preventDefault());

const token = mountTokenPicker(access, {
  purpose: "Sent with every request you try here. It stays in this page.",
});

// Swagger UI has a dark scheme, but only with a class on the document.
const isDark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", followScheme);
followScheme();

loadDescription().then(
  (spec) => {
    renderReference({ spec, host, token });
    amendAccessibility(host);
  },
  (error: Error) => {
    const text = `The description could not be loaded: ${error.message}. Reload the page to try again.`;
    host.replaceChildren(element("p", { role: "alert", class: "failed" }, text));
  },
);
