import * as z from "zod/mini";

type Shape = z.core.$ZodLooseShape;

/**
 * A resource: a component of the OpenAPI file under this name.
 * @param example as the local stack answers; the API reference shows it
 */
export function resource<const Fields extends Shape>(
  id: string,
  description: string,
  fields: Fields,
  example?: object,
) {
  return z.object(fields).check(z.meta({ id, description, ...(example && { examples: [example] }) }));
}

/**
 * A request body under this name. It rejects unknown fields.
 * @param example what the API reference tries; it works on the local stack
 */
export function requestBody<const Fields extends Shape>(
  id: string,
  description: string,
  fields: Fields,
  example: object,
) {
  return z.strictObject(fields).check(z.meta({ id, description, examples: [example] }));
}

/** A member of our own item that a write does not change: taken with any value and ignored, so that an item may be sent back. */
export const ReadOnly = z.optional(
  z
    .pipe(
      z.unknown(),
      z.transform((): undefined => undefined),
    )
    .check(z.meta({ description: "Ignored.", readOnly: true })),
);

/** A field that `null` removes (RFC 7396). The OpenAPI file says so in words: generators have no type for it. */
export const clearable = <Schema extends z.ZodMiniType>(schema: Schema, description: string) =>
  z.optional(described(z.nullable(schema), `${description} \`null\` removes it.`));

/** A schema with its description in the OpenAPI file. */
export function described<Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema {
  return schema.check(z.meta({ description }));
}

export const Instant = z.string().check(z.meta({ format: "date-time" }));
export const Count = z.int().check(z.minimum(0));
export const ItemTag = z.optional(
  described(
    z.string(),
    "In lists: the `ETag` of the item. Send it as `If-Match` to change this version only.",
  ),
);
export const E164 = described(z.string(), "E.164");

export const LimitedBy = described(
  z.enum(["caller", "extension"]),
  "Whose share of RingCentral's budget is used up. Present where a live read was due and a cached response replaces it: " +
    "one of the last minute if the request asked for a live read.",
);

export const CallHandling = described(
  z.enum(["legacy", "new"]),
  "Of forwarding numbers: the call-handling backend that RingCentral has the extension on.",
);

/** Any problem of the catalogue, as a part of a response; the OpenAPI file describes it once, as `Problem`. */
export const PartProblem = z
  .looseObject({ code: z.string(), status: z.int() })
  .check(z.meta({ id: "Problem" }));
