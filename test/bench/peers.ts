import { join } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "../../infra/build/bundle.ts";
import { SEED } from "../twin/twin.ts";

/** Functions to compare with, in `test/bench/peers`. */
const peers = ["nothing", "bare-got", "sdk-express"] as const;
export type Peer = (typeof peers)[number];

/** Bundles each into one minified module, as ours, with esbuild's own settings for the rest. @returns their paths */
export async function bundlePeers(outDir: string): Promise<Record<Peer, string>> {
  await build({
    absWorkingDir: projectRoot,
    entryPoints: peers.map((name) => `test/bench/peers/${name}.ts`),
    outdir: outDir,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    minify: true,
    logLevel: "error",
  });
  const pathOf = (name: Peer) => join(outDir, `${name}.cjs`);
  return {
    nothing: pathOf("nothing"),
    "bare-got": pathOf("bare-got"),
    "sdk-express": pathOf("sdk-express"),
  };
}

/** The peers' environment: they have their login in variables, which saves them a call of Secrets Manager. */
export const environmentOfPeers = (twinUrl: string) => ({
  RINGCENTRAL_SERVER: twinUrl,
  RINGCENTRAL_CLIENT_ID: SEED.clientId,
  RINGCENTRAL_CLIENT_SECRET: SEED.clientSecret,
  RINGCENTRAL_JWT: SEED.jwt,
  RINGCENTRAL_EXTENSION: SEED.extensionId,
});
