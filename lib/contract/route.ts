import type * as z from "zod/mini";
import type { ProblemCode } from "./problems.ts";

export const scopes = {
  "numbers:read": "Read an extension's blocked, allowed and forwarding numbers.",
  "numbers:write": "Change an extension's blocked, allowed and forwarding numbers.",
  "account:read": "Read the company's phone numbers and their changes.",
  "account:manage": "Reach every extension of the account, not only one's own.",
  "sync:read": "See the state and history of the number sync.",
  "sync:run": "Start a number sync.",
  "ops:read": "See what is left of the RingCentral budgets.",
} as const;

export type Scope = keyof typeof scopes;
export type Method = "GET" | "POST" | "PUT" | "DELETE";
export type ObjectSchema = z.ZodMiniObject;

/**
 * One route, declared once: the edge validates by it, handlers are typed by it, the OpenAPI file is made from it
 * and its function is deployed from it (infra/resources/functions.ts).
 */
export interface Route<
  Path extends ObjectSchema = ObjectSchema,
  Query extends ObjectSchema = ObjectSchema,
  Body extends ObjectSchema | undefined = ObjectSchema | undefined,
  Kind extends AnswerKind = AnswerKind,
  Data extends z.ZodMiniType = z.ZodMiniType,
> {
  operationId: string;
  method: Method;
  /** OpenAPI path template, such as `/v1/extensions/{extensionId}/blocked-numbers`. */
  path: `/${string}`;
  /** Absent: no token needed. */
  scope?: Scope;
  /** The caller is RingCentral, which shows the verification token of our subscription. */
  isWebhook?: true;
  tag: string;
  summary: string;
  description: string;
  parameters: Path;
  /** For a list: its filters only; `limit` and `cursor` come with the kind. */
  query: Query;
  body?: Body;
  answer: Answer<Kind, Data>;
  /** The problems this route can answer beyond those every route of its sort can. */
  problems: ProblemCode[];
}

/**
 * list: 200 with data[] and page. feed: the same, with a cursor even at its end. item: 200. created: 201 with
 * Location. accepted: 202. deleted: 204. plain: 200, unwrapped. page: HTML for people, no part of the API's description.
 */
export type AnswerKind = "list" | "feed" | "item" | "created" | "accepted" | "deleted" | "plain" | "page";

export interface Answer<Kind extends AnswerKind, Data extends z.ZodMiniType> {
  kind: Kind;
  description: string;
  /** One item of a list, the single item, or the plain body; absent for `deleted` and `page`. */
  data?: Data;
  /** For a feed: the list, without filters, that holds everything as it was where the feed starts. */
  snapshot?: { operationId: string; path: `/${string}` };
}

/** Whether callers page through the answer with `limit` and `cursor`. */
export function isPaged(route: Route): boolean {
  return route.answer.kind === "list" || route.answer.kind === "feed";
}

export function defineRoute<
  const Kind extends AnswerKind,
  Path extends ObjectSchema,
  Query extends ObjectSchema,
  Body extends ObjectSchema | undefined,
  Data extends z.ZodMiniType,
>(route: Route<Path, Query, Body, Kind, Data>): Route<Path, Query, Body, Kind, Data> {
  return route;
}
