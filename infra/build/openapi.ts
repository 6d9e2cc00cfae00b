// `npm run openapi`: writes docs/openapi.json from the routes, and the typed client's types from that.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildOpenApi } from "../../lib/contract/openapi/document.ts";
import type { Examples } from "../../lib/contract/openapi/responses.ts";
import { routes } from "../../lib/contract/routes.ts";
import { VERSION } from "../../lib/platform/version.ts";

const docs = (name: string) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));

/** The OpenAPI file, with the responses that test/integration/examples.test.ts has recorded. */
export function openApi() {
  const examples: Examples = JSON.parse(readFileSync(docs("examples.json"), "utf8"));
  return buildOpenApi(routes, VERSION, examples);
}

if (import.meta.main) {
  writeFileSync(docs("openapi.json"), `${JSON.stringify(openApi(), null, 2)}\n`);
  console.log(`wrote docs/openapi.json: ${routes.length} operations`);
  execFileSync("npm", ["run", "types"], {
    cwd: fileURLToPath(new URL("../../lib/client", import.meta.url)),
    stdio: ["ignore", "ignore", "inherit"],
  });
  console.log("wrote lib/client/src/api.ts");
}
