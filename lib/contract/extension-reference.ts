import * as z from "zod/mini";

export const ExtensionReference = z
  .object({ id: z.string(), name: z.optional(z.string()), extensionNumber: z.optional(z.string()) })
  .check(z.meta({ id: "ExtensionReference", description: "Whose it is." }));
