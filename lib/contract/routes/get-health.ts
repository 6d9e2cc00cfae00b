import * as z from "zod/mini";
import { defineRoute } from "../route.ts";

export const Health = z
  .object({
    status: z.enum(["ok"]),
    version: z.string(),
    time: z.string().check(z.meta({ format: "date-time" })),
  })
  .check(z.meta({ id: "Health" }));

export const getHealthRoute = defineRoute({
  operationId: "getHealth",
  method: "GET",
  path: "/healthz",
  tag: "Operations",
  summary: "Is the service up",
  description: "Answers without calling anything else.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "plain", description: "The service is up.", data: Health },
  problems: [],
});
