import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import type { SideFile } from "./pages.ts";

/**
 * A Lambda artifact. The same input gives the same bytes at any time and on any machine, so that CloudFormation sees no
 * change where there is none.
 * @param files the files by their paths in the archive, the bundle under its handler's name
 */
export async function zipBundle(files: readonly SideFile[]): Promise<Buffer> {
  // The format stores local time: this is midnight in any time zone.
  const mtime = new Date(2000, 0, 1);
  const zip = new ZipFile();
  for (const { path, contents } of files) {
    zip.addBuffer(Buffer.from(contents), path, { mtime, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}
