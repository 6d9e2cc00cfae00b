/** The smallest of `values` that at least the share `p` of them do not exceed. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** Keeps the service's own log lines off a table of figures. Undone by what it returns. */
export function muted(): () => void {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk: string | Uint8Array) => {
    if (!String(chunk).startsWith('{"')) write(chunk);
    return true;
  };
  return () => {
    process.stdout.write = write;
  };
}
