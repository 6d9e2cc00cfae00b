import type { Protocol } from "./mutant.ts";
import { idempotency } from "./tables/idempotency.ts";
import { people } from "./tables/people.ts";
import { rateLimit } from "./tables/rate-limit.ts";
import { readCache } from "./tables/read-cache.ts";
import { signIn } from "./tables/sign-in.ts";
import { storage } from "./tables/storage.ts";
import { sync } from "./tables/sync.ts";
import { tokenStore } from "./tables/token-store.ts";
import { twoStoreWrites } from "./tables/two-store-writes.ts";

export const protocols: readonly Protocol[] = [
  rateLimit,
  tokenStore,
  idempotency,
  readCache,
  sync,
  twoStoreWrites,
  people,
  signIn,
  storage,
];
