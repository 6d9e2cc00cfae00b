/**
 * Stands in for got's HTTP cache in bundles. got makes one only for a request with the option `cache`, which ours
 * never have: what may be cached is decided per caller, elsewhere. Without it 36 KB stay out of every bundle.
 */
export default class CacheableRequest {
  constructor() {
    throw new Error("got's cache is not part of the bundles (infra/build/replacements)");
  }
}

export class CacheError extends Error {}
