import * as z from "zod/mini";
import { BY_SUBJECT } from "../contract/people.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Pseudonyms } from "../platform/pseudonyms.ts";
import type { Audited } from "./invocation.ts";

/**
 * How the audit names a resource of an extension: by a pseudonym, because the id of a blocked number may be the number
 * itself. People's ids are pseudonyms already.
 */
export function resourceNames(pseudonyms: Pseudonyms, accountId: string, extensionId: string) {
  return (id: string) => (extensionId === "" ? id : pseudonyms.of("resource", accountId, extensionId, id));
}
type NameOf = ReturnType<typeof resourceNames>;

/** What a path names. `subject` stands for a person whose id comes with the outcome. */
export function targetOf(extensionId: string, path: Readonly<Record<string, unknown>>, nameOf: NameOf) {
  const id = path.id ?? path.forwardingNumberId ?? path.personId;
  return {
    ...(extensionId !== "" && { extensionId }),
    ...(typeof id === "string" && id !== BY_SUBJECT && { resource: nameOf(id) }),
  };
}

/** `extensionId`: of a person, who is connected with it. */
const Changed = z.object({ id: z.string(), extensionId: z.optional(z.string()) });
const Batch = z.object({
  items: z.array(
    z.object({
      outcome: z.string(),
      entry: z.optional(Changed),
      problem: z.optional(z.object({ code: z.string() })),
    }),
  ),
});

/** The resources of a use case's outcome. */
export function resourcesIn(
  outcome: unknown,
  nameOf: NameOf,
): Pick<Audited, "extensionId" | "resource" | "items"> {
  const batch = Batch.safeParse(outcome);
  if (batch.success) {
    const items = batch.data.items.map(({ outcome, entry, problem }) =>
      omitUndefined({ outcome, resource: entry && nameOf(entry.id), code: problem?.code }),
    );
    return { items };
  }
  const { id, ...person } = Changed.safeParse(outcome).data ?? {};
  return id === undefined ? {} : omitUndefined({ ...person, resource: nameOf(id) });
}
