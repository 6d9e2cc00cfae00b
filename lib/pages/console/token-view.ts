import type { Limits } from "../../contract/limits.ts";
import { byId, element } from "../shared/element.ts";
import { clockTime, duration, relative } from "./words.ts";

export function areLoginsPaused({ token }: Limits, now: number): boolean {
  return token.coolDownUntil !== undefined && Date.parse(token.coolDownUntil) > now;
}

/** The calls for access tokens that are left, which the app's users share. @returns undefined when they are unknown */
function tokenCallsLeft({ tokenCalls }: Limits, now: number): string | undefined {
  if (tokenCalls === undefined) return undefined;
  const { limit, remaining, windowSeconds, waiting, pausedUntil } = tokenCalls;
  const left = `${remaining} of ${limit} left in ${duration(windowSeconds * 1000)}`;
  const queue = waiting === 0 ? "" : `, ${waiting} waiting`;
  return areTokenCallsPaused(tokenCalls, now)
    ? `paused until ${clockTime(pausedUntil ?? now, now)}${queue}`
    : left + queue;
}

export function areTokenCallsPaused(calls: Limits["tokenCalls"], now: number): boolean {
  return calls?.pausedUntil !== undefined && Date.parse(calls.pausedUntil) > now;
}

/** RingCentral's access token: its age, its end, and whether logins are paused. Nothing of an unknown one. */
export function showToken(limits: Limits | undefined, now: number): void {
  byId("token").hidden = limits === undefined;
  byId("token-facts").replaceChildren();
  if (limits === undefined) return;
  const { token } = limits;
  const { issuedAt, expiresAt, coolDownUntil, coolDownReason = "no reason given" } = token;
  const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= now;
  const facts = {
    Token: issuedAt === undefined ? "none yet; the first call logs in" : undefined,
    Age: issuedAt && duration(now - Date.parse(issuedAt)),
    Issued: issuedAt && clockTime(issuedAt, now),
    [isOver ? "Expired" : "Expires"]: expiresAt && relative(expiresAt, now),
    Generation: `${token.generation}${token.seenBy === "process" ? " (of one function only)" : ""}`,
    "Token calls": tokenCallsLeft(limits, now),
    "Logins paused":
      coolDownUntil && areLoginsPaused(limits, now)
        ? `until ${clockTime(coolDownUntil, now)}: ${coolDownReason}`
        : undefined,
  };
  byId("token-facts").replaceChildren(
    ...Object.entries(facts)
      .filter(([, words]) => words !== undefined)
      .map(([term, words]) => element("div", {}, element("dt", {}, term), element("dd", {}, words))),
  );
  const bar = byId("token-life");
  if (!(bar instanceof HTMLProgressElement)) return;
  bar.hidden = issuedAt === undefined || expiresAt === undefined;
  if (issuedAt === undefined || expiresAt === undefined) return;
  const [from, to] = [Date.parse(issuedAt), Date.parse(expiresAt)];
  bar.max = to - from;
  bar.value = Math.min(to - from, Math.max(0, now - from));
  bar.textContent = `${duration(now - from)} of ${duration(to - from)}`;
}
