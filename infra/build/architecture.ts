// `npm run architecture`: draws docs/architecture.dot as two pictures, for wide and for narrow screens.
import { writeFileSync } from "node:fs";
import { drawArchitecture } from "./draw-architecture.ts";

for (const { file, svg } of await drawArchitecture()) {
  writeFileSync(file, svg);
  console.log(`wrote ${file}`);
}
