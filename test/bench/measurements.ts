/** The `p` quantile: the smallest value that is not exceeded by a share of at least `p` of `values`. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** Keeps the service's log lines out of the printed tables. @returns a function that ends it */
export function muted(keep: (line: string) => void = () => {}): () => void {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk: string | Uint8Array) => {
    if (String(chunk).startsWith('{"')) keep(String(chunk));
    else write(chunk);
    return true;
  };
  return () => {
    process.stdout.write = write;
  };
}
