/** Keeps what is written to standard output instead of printing it: the functions' log. */
export function captureOutput() {
  const write = process.stdout.write;
  let text = "";
  process.stdout.write = (chunk: string | Uint8Array) => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  return {
    /** What was written since the last call. */
    take(): string {
      const taken = text;
      text = "";
      return taken;
    },
    stop(): void {
      process.stdout.write = write;
    },
  };
}
