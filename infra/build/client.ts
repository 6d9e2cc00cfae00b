// `npm run client`: makes the typed client's npm package, .build/client/ringfront-client-<version>.tgz.
import { packClient } from "./pack-client.ts";

const { path, files } = packClient();
for (const { path: name, size } of files) console.log(`  ${name} ${(size / 1024).toFixed(1)} KB`);
console.log(`${path}\ninstall it in an app: npm install ${path}`);
