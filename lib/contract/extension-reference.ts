import * as z from "zod/mini";
import { resource } from "./schema-builders.ts";

export const ExtensionReference = resource("ExtensionReference", "Whose it is.", {
  id: z.string(),
  name: z.optional(z.string()),
  extensionNumber: z.optional(z.string()),
});
