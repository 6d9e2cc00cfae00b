// A setup file for every suite. The service logs with `process.stdout.write`, which Vitest does not intercept; as
// console output, `silent: "passed-only"` prints it for a failing test and drops it for a passing one.
process.stdout.write = (chunk: string | Uint8Array) => {
  console.log(String(chunk).trimEnd());
  return true;
};
