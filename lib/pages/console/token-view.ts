import type { Limits } from "../../contract/limits.ts";
import { byId, element } from "../shared/element.ts";
import { clockTime, duration, relative } from "./words.ts";

/** RingCentral's access token: its age, its end, and whether logins are paused. */
export function showToken({ token }: Limits, now: number): void {
  const facts: [term: string, words: string][] = [];
  if (token.issuedAt === undefined) facts.push(["Token", "none yet; the first call logs in"]);
  else {
    facts.push(["Age", duration(now - Date.parse(token.issuedAt))]);
    facts.push(["Issued", clockTime(token.issuedAt, now)]);
  }
  if (token.expiresAt !== undefined) facts.push(["Expires", relative(token.expiresAt, now)]);
  facts.push([
    "Generation",
    `${token.generation}${token.seenBy === "process" ? " (of one function only)" : ""}`,
  ]);
  if (token.coolDownUntil !== undefined) {
    facts.push([
      "Logins paused",
      `until ${clockTime(token.coolDownUntil, now)}: ${token.coolDownReason ?? "no reason given"}`,
    ]);
  }
  byId("token-facts").replaceChildren(
    ...facts.map(([term, words]) => element("div", {}, element("dt", {}, term), element("dd", {}, words))),
  );
  const { issuedAt, expiresAt } = token;
  const bar = byId("token-life");
  if (!(bar instanceof HTMLProgressElement)) return;
  bar.hidden = issuedAt === undefined || expiresAt === undefined;
  if (issuedAt === undefined || expiresAt === undefined) return;
  const [from, to] = [Date.parse(issuedAt), Date.parse(expiresAt)];
  bar.max = to - from;
  bar.value = Math.min(to - from, Math.max(0, now - from));
  bar.textContent = `${duration(now - from)} of ${duration(to - from)}`;
}
