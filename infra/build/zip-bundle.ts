import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

/** The same bytes for the same input, whenever and wherever: CloudFormation then sees no change where there is none. */
const FIXED_TIME = new Date(1980, 0, 1);

/** A Lambda artifact with one file in it. @param path where the file lies inside, as the handler names it */
export async function zipBundle(path: string, code: Uint8Array): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(code), path, { mtime: FIXED_TIME, mode: 0o100644, forceDosTimestamp: true });
  zip.end();
  return buffer(zip.outputStream);
}
