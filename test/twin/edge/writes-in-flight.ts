import { headerOf, type ReceivedRequest } from "./received-request.ts";

/** The writes being processed, to detect an identical one meanwhile: CMN-304 [docs: ERR]. */
export interface WritesInFlight {
  /** @returns whether an identical write is under way, and a function that ends this one */
  enter(request: ReceivedRequest): { isDuplicate: boolean; leave(): void };
}

export function createWritesInFlight(): WritesInFlight {
  const keys = new Set<string>();
  return {
    enter(request) {
      if (["GET", "HEAD", "OPTIONS"].includes(request.method)) return { isDuplicate: false, leave: () => {} };
      const caller = headerOf(request, "authorization") ?? "";
      const key = JSON.stringify([
        caller,
        request.method,
        request.path,
        request.query.toString(),
        request.body,
      ]);
      if (keys.has(key)) return { isDuplicate: true, leave: () => {} };
      keys.add(key);
      return { isDuplicate: false, leave: () => void keys.delete(key) };
    },
  };
}
