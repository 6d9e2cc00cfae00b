import * as z from "zod/mini";

type Shape = z.core.$ZodLooseShape;

/** A resource: a component of the OpenAPI file under this name. */
export function resource<const Fields extends Shape>(id: string, description: string, fields: Fields) {
  return z.object(fields).check(z.meta({ id, description }));
}

/** A request body under this name. It rejects unknown fields. */
export function requestBody<const Fields extends Shape>(id: string, description: string, fields: Fields) {
  return z.strictObject(fields).check(z.meta({ id, description }));
}

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

export const CallHandling = described(
  z.enum(["legacy", "new"]),
  "Of forwarding numbers: the call-handling backend that RingCentral has the extension on.",
);
