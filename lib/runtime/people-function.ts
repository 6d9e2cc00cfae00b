import type { Route } from "../contract/route.ts";
import type { ApiHandler } from "../http/middleware-stack.ts";
import type { Outcome, RouteRequest } from "../http/request.ts";
import type { ManagePeopleDeps } from "../people/manage-people.ts";
import { defineFunction } from "./api-function.ts";
import { runtime } from "./runtime.ts";

/** A Lambda handler whose use case has people's records and the copy of the directory. */
export function definePeopleFunction<R extends Route>(
  route: R,
  useCase: (deps: ManagePeopleDeps, request: RouteRequest<R>) => Promise<Outcome<R>>,
): ApiHandler {
  return defineFunction(route, async ({ records, clock, random }, request) => {
    const { directories, currentKey, acceptedKeys, settings, pseudonyms } = runtime();
    const keys = { currentKey, acceptedKeys };
    // Who signs in with RingCentral needs no record: the token names the extension.
    const issuer = settings.AUTH_ISSUER ?? settings.SIGN_IN_ISSUER ?? "";
    const names = await pseudonyms.current(request.call.deadline);
    const personIdOf = (subject: string) => names.ofPerson(issuer, subject);
    return useCase({ records, clock, random, directories, keys, personIdOf }, request);
  });
}
