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
