import { getHealthRoute } from "../../lib/contract/operations.ts";
import { definePublicHandler } from "../../lib/http/public-handler.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { VERSION } from "../../lib/platform/version.ts";

export const handler = definePublicHandler(
  getHealthRoute,
  async () => ({
    status: "ok" as const,
    version: VERSION,
    time: new Date(systemClock.now()).toISOString(),
  }),
  { cacheControl: "no-store" },
);
