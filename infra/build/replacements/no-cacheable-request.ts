/**
 * Replaces got's HTTP cache in bundles. got uses it only for a request with the option `cache`, which ours never have:
 * lib/ringcentral/cache caches per caller. Without it every bundle is 36 KB smaller.
 */
export default class CacheableRequest {
  constructor() {
    throw new Error("got's cache is not part of the bundles (infra/build/replacements)");
  }
}

export class CacheError extends Error {}
