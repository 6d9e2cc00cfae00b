import type { TestProject } from "vitest/node";
import { findFreePort } from "../../infra/local/ports.ts";
import { copyCheckout } from "../e2e/checkout.ts";
import { endStack, npmStart, type StackFile, untilReady } from "../e2e/npm-start.ts";

declare module "vitest" {
  interface ProvidedContext {
    stack: StackFile;
  }
}

/** Once for all files: `npm start` in a copy of this checkout. */
export default async function startStack(project: TestProject): Promise<() => Promise<void>> {
  const checkout = copyCheckout();
  const started = npmStart({ dir: checkout.dir, port: await findFreePort() });
  const stop = async () => {
    await endStack(started);
    checkout.remove();
  };
  try {
    project.provide("stack", await untilReady(started, checkout.dir));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
