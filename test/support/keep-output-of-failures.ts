// A setup file for every suite. The service logs with `process.stdout.write`, which Vitest does not intercept. Here the
// lines of a test are kept, and sent to Vitest only if it fails: to send each line takes a tenth of the tests' CPU time.
import { beforeEach } from "vitest";

let lines: string[] | undefined;

process.stdout.write = (chunk: string | Uint8Array) => {
  const line = String(chunk).trimEnd();
  if (lines === undefined) console.log(line);
  else lines.push(line);
  return true;
};

beforeEach(({ onTestFailed, onTestFinished }) => {
  const own: string[] = [];
  lines = own;
  onTestFailed(() => console.log(own.join("\n")));
  onTestFinished(() => {
    lines = undefined;
  });
});
