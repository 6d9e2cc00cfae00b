import type { TestProject } from "vitest/node";
import { findFreePort } from "../../infra/local/ports.ts";
import { copyCheckout } from "../e2e/checkout.ts";
import { endStack, npmStart, type StackFile, untilReady } from "../e2e/npm-start.ts";

declare module "vitest" {
  interface ProvidedContext {
    stack: StackFile;
    /** Where a test may serve an app of another origin that may read the API's responses. */
    appOrigin: string;
  }
}

/** Starts the stack once for all files: `npm start` in a copy of this checkout. */
export default async function startStack(project: TestProject): Promise<() => Promise<void>> {
  const checkout = copyCheckout();
  const port = await findFreePort();
  const appOrigin = `http://localhost:${await findFreePort()}`;
  const env = { CORS_ALLOWED_ORIGINS: `${appOrigin},http://127.0.0.1:${port}` };
  const started = npmStart({ dir: checkout.dir, port, env });
  const stop = async () => {
    await endStack(started);
    checkout.remove();
  };
  try {
    const stack = await untilReady(started, checkout.dir);
    // Five sign-ins within a minute, and each asks RingCentral twice.
    const body = JSON.stringify({ limits: { Auth: 100 } });
    await fetch(`${stack.twinUrl}/__twin/options`, { method: "PATCH", body });
    project.provide("appOrigin", appOrigin);
    project.provide("stack", stack);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
