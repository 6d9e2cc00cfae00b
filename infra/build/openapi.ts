// `npm run openapi`: writes docs/openapi.json from the routes, and the typed client's types from that.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildOpenApi } from "../../lib/contract/openapi/document.ts";
import { routes } from "../../lib/contract/routes.ts";
import { VERSION } from "../../lib/platform/version.ts";

const path = fileURLToPath(new URL("../../docs/openapi.json", import.meta.url));
writeFileSync(path, `${JSON.stringify(buildOpenApi(routes, VERSION), null, 2)}\n`);
console.log(`wrote docs/openapi.json: ${routes.length} operations`);
execFileSync("npm", ["run", "types"], {
  cwd: fileURLToPath(new URL("../../lib/client", import.meta.url)),
  stdio: ["ignore", "ignore", "inherit"],
});
console.log("wrote lib/client/src/api.ts");
