import * as z from "zod/mini";
import { NumberChange } from "../resources/number-change.ts";
import { defineRoute } from "../route.ts";
import { listCompanyNumbersRoute } from "./list-company-numbers.ts";

export const listNumberChangesRoute = defineRoute({
  operationId: "listNumberChanges",
  method: "GET",
  path: "/v1/account/phone-numbers/changes",
  scope: "account:read",
  tag: "Company numbers",
  summary: "Follow what changes about the company's phone numbers",
  description:
    "Without `cursor`: no changes, the cursor for everything from now on, and in `meta.snapshot` the list of the " +
    "numbers as they are at that very point. Load that list to its end, then follow `page.nextCursor`, and nothing " +
    "is missed. `page.nextCursor` is there on every answer; once `page.hasMore` is false, ask again after " +
    "`Retry-After` seconds. Changes are kept for 30 days: an older cursor is 410 `cursor_expired`, and the way on " +
    "is to start over without one.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: {
    kind: "feed",
    description: "A page of changes, oldest first.",
    data: NumberChange,
    snapshot: listCompanyNumbersRoute,
  },
  problems: ["cursor_expired", "snapshot_missing", "storage_unavailable"],
});
