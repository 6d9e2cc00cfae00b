let loading: Promise<typeof import("node:zlib")> | undefined;
/** Loaded on first use. */
const zlib = () => {
  loading ??= import("node:zlib");
  return loading;
};

/** DEFLATE (RFC 1951) in base64: lists of numbers shrink to about a sixth, and so do the write units they cost. */
export async function compress(text: string): Promise<string> {
  return (await deflate(text)).toString("base64");
}

/** The same as bytes. */
export async function deflate(text: string): Promise<Buffer> {
  const { deflateRawSync } = await zlib();
  return deflateRawSync(text);
}

/** For HTTP (RFC 1952). */
export async function gzip(text: string): Promise<Buffer> {
  const { gzipSync } = await zlib();
  return gzipSync(text);
}

/** @throws Error when `compressed` is not the output of `compress` */
export async function decompress(compressed: string): Promise<string> {
  return inflate(Buffer.from(compressed, "base64"));
}

/** @throws Error when the bytes are not those of `deflate` */
export async function inflate(bytes: Uint8Array): Promise<string> {
  const { inflateRawSync } = await zlib();
  return inflateRawSync(bytes).toString("utf8");
}
