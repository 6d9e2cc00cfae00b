import type { Limits } from "../../contract/limits.ts";
import { byId, element } from "../shared/element.ts";
import { show, table } from "./views.ts";
import { clockTime, plural } from "./words.ts";

/** The users with own budgets, and those of them whose budgets were short. Hidden until there is one. */
export function showUsers(users: Limits["users"], now: number): void {
  byId("users").hidden = users === undefined;
  show(byId("users-facts"), users, () => {
    if (users === undefined) return [];
    const { count, limited } = users;
    const met = limited.length === 0 ? " None of them met a limit." : "";
    const words = `About ${plural(count, "user")} paid for their calls with their own budgets since yesterday.${met}`;
    const rows = limited.map(({ extensionId, rejections, lastAt }) => [
      extensionId,
      rejections.toLocaleString(),
      clockTime(lastAt, now),
    ]);
    const columns = ["Extension", "Rejected calls", "Last"];
    return [
      element("p", {}, words),
      ...(rows.length === 0 ? [] : [table("Users whose budgets were short", columns, rows)]),
    ];
  });
}
