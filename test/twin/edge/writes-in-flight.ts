import { headerOf, type ReceivedRequest } from "./received-request.ts";

/** Which writes are being processed, to tell an identical one that arrives meanwhile: CMN-304 [docs: ERR]. */
export interface WritesInFlight {
  /** @returns whether the very same write is under way, and a way to say that this one is done */
  enter(request: ReceivedRequest): { isDuplicate: boolean; leave(): void };
}

export function createWritesInFlight(): WritesInFlight {
  const keys = new Set<string>();
  return {
    enter(request) {
      if (request.method === "GET") return { isDuplicate: false, leave: () => {} };
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
