// `npm run architecture`: draws docs/architecture.dot as two pictures, for wide and for narrow screens.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";
import { projectRoot } from "./bundle.ts";

/** Colours by class, for light and dark screens. Graphviz writes black and white, which these rules replace. */
const style = `<style>
text { fill: #1f2328; }
.node path, .node polygon { stroke-width: 1.2; }
.edge path { stroke: #59636e; } .edge polygon { stroke: #59636e; fill: #59636e; } .edge text { fill: #59636e; }
.outside path, .outside polygon { fill: #fff1e5; stroke: #bc4c00; }
.fn path, .fn polygon { fill: #ddf4ff; stroke: #0969da; }
.aws path, .aws polygon { fill: #f6f8fa; stroke: #818b98; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .edge path { stroke: #9198a1; } .edge polygon { stroke: #9198a1; fill: #9198a1; } .edge text { fill: #b3bac2; }
  .outside path, .outside polygon { fill: #3d1f00; stroke: #db6d28; }
  .fn path, .fn polygon { fill: #0c2d6b; stroke: #4493f8; }
  .aws path, .aws polygon { fill: #212830; stroke: #9198a1; }
}
</style>`;

const pictures = [
  { name: "architecture", others: "narrow" },
  { name: "architecture-narrow", others: "wide" },
];

/** The pictures of docs/architecture.dot, each with the file for it. */
export async function drawArchitecture(): Promise<{ file: string; svg: string }[]> {
  const lines = readFileSync(join(projectRoot, "docs/architecture.dot"), "utf8").split("\n");
  const viz = await instance();
  return pictures.map(({ name, others }) => {
    const dot = lines.filter((line) => !line.endsWith(`// ${others}`)).join("\n");
    return {
      file: join(projectRoot, `docs/images/${name}.svg`),
      svg: viz
        .renderString(dot, { format: "svg" })
        .replace(/^[\s\S]*?(<svg[^>]*>)/, `$1\n<title>Architecture of Ringfront</title>\n${style}`),
    };
  });
}

if (import.meta.main) {
  for (const { file, svg } of await drawArchitecture()) {
    writeFileSync(file, svg);
    console.log(`wrote ${file}`);
  }
}
