import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import type { SideFile } from "./pages.ts";

/**
 * A Lambda artifact: the same bytes for the same input, whenever and wherever, so that
 * CloudFormation sees no change where there is none.
 * @param files where each lies inside, the bundle as the handler names it
 */
export async function zipBundle(files: readonly SideFile[]): Promise<Buffer> {
  // The format stores local time, so this is midnight in whatever zone it runs.
  const mtime = new Date(2000, 0, 1);
  const zip = new ZipFile();
  for (const { path, contents } of files) {
    zip.addBuffer(Buffer.from(contents), path, { mtime, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}
