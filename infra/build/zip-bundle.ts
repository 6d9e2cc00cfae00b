import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

/**
 * A Lambda artifact with one file in it: the same bytes for the same input, whenever and wherever, so that
 * CloudFormation sees no change where there is none.
 * @param path where the file lies inside, as the handler names it
 */
export async function zipBundle(path: string, code: Uint8Array): Promise<Buffer> {
  // The format stores local time, so this is midnight in whatever zone it runs.
  const mtime = new Date(2000, 0, 1);
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(code), path, { mtime, mode: 0o100644, forceDosTimestamp: true });
  zip.end();
  return buffer(zip.outputStream);
}
