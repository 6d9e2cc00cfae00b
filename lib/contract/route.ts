import type * as z from "zod/mini";
import type { ProblemCode } from "./problems.ts";

export const scopes = {
  "numbers:read": "Read an extension's blocked, allowed and forwarding numbers.",
  "numbers:write": "Change an extension's blocked, allowed and forwarding numbers.",
  "account:read": "Read the company's phone numbers and their changes, and its directory.",
  "account:manage": "Reach every extension of the account, not only one's own.",
  "sync:read": "See the state and history of the number sync.",
  "sync:run": "Start a number sync.",
  "people:manage": "Say which sign-in is which extension.",
  "ops:read": "See what is left of the RingCentral budgets.",
} as const;

/** The groups of operations, in reading order. */
export const tags = {
  "Blocked numbers": "The numbers whose calls and messages an extension rejects.",
  "Caller blocking": "Blocked and allowed numbers, and the treatment of all other callers.",
  "Forwarding numbers": "Where an extension's calls can be forwarded or flipped to.",
  Overview: "All of an extension's numbers in one request.",
  "Company numbers": "Every number of the account, from a synced snapshot, and the feed of its changes.",
  People: "Who the caller is, the company directory, and which sign-in is which extension.",
  "Number sync": "The sync that keeps the snapshot: status, history, quarantine, and an immediate start.",
  Operations: "Health, RingCentral's budgets, and this description.",
  Webhooks: "For RingCentral, not for apps.",
} as const;

/** Counted in bytes, decoded. */
export const DEFAULT_BODY_BYTES = 16 * 1024;

type Scope = keyof typeof scopes;
type Tag = keyof typeof tags;
type Method = "GET" | "POST" | "PUT" | "DELETE";
export type ObjectSchema = z.ZodMiniObject;
type NoFields = z.ZodMiniObject<Record<never, never>>;

/** One declaration per route: validation, handler types, the OpenAPI file and the deployed function follow from it. */
export interface Route<
  Path extends ObjectSchema = ObjectSchema,
  Query extends ObjectSchema = ObjectSchema,
  Body extends ObjectSchema | undefined = ObjectSchema | undefined,
  Kind extends ResponseKind = ResponseKind,
  Data extends z.ZodMiniType = z.ZodMiniType,
> {
  operationId: string;
  method: Method;
  /** OpenAPI path template, such as `/v1/extensions/{extensionId}/blocked-numbers`. */
  path: `/${string}`;
  /** `any`: every valid token will do. Absent: no token needed. */
  scope?: Scope | "any";
  /** RingCentral calls it, with the verification token of our subscription. */
  isWebhook?: true;
  tag: Tag;
  summary: string;
  description: string;
  /** Path parameters. Absent: none. */
  parameters?: Path;
  /** For a list: its filters only; `limit` and `cursor` come with the kind. Absent: none. */
  query?: Query;
  body?: Body;
  /** Default: 16 KiB. */
  maxBodyBytes?: number;
  response: RouteResponse<Kind, Data>;
  callsRingCentral?: true;
  /** The problems of this route beyond those of every route of its sort (`problemCodesOf`). Absent: none. */
  problems?: ProblemCode[];
}

/**
 * list: 200 with data[] and page. feed: the same, with a cursor even at its end. item: 200. created: 201 with Location.
 * batch: 200 with an outcome for each item. accepted: 202. deleted: 204. plain: 200, unwrapped. page: HTML, not in the OpenAPI file.
 */
export type ResponseKind =
  | "list"
  | "feed"
  | "item"
  | "created"
  | "batch"
  | "accepted"
  | "deleted"
  | "plain"
  | "page";

interface RouteResponse<Kind extends ResponseKind, Data extends z.ZodMiniType> {
  kind: Kind;
  description: string;
  /** One item of a list, the single item, or the plain body; absent for `deleted` and `page`. */
  data?: Data;
  /** For `created`: the description of a 200 with a resource that was there already, as asked. */
  existing?: string;
  /** For a feed: the list, without filters, of everything at the start of the feed. */
  snapshot?: { operationId: string; path: `/${string}` };
}

/** Whether callers page through the response with `limit` and `cursor`. */
export function isPaged(route: Route): boolean {
  return route.response.kind === "list" || route.response.kind === "feed";
}

/** Whether callers may name the version to change with `If-Match`. */
export function isConditional({ method }: Route): boolean {
  return method === "PUT" || method === "DELETE";
}

/** Whether the audit has an entry for each request: a write by a caller. RingCentral's notifications are none. */
export function isAudited({ method, scope }: Route): boolean {
  return method !== "GET" && scope !== undefined;
}

export function defineRoute<
  const Kind extends ResponseKind,
  Body extends ObjectSchema | undefined,
  Data extends z.ZodMiniType,
  Path extends ObjectSchema = NoFields,
  Query extends ObjectSchema = NoFields,
>(route: Route<Path, Query, Body, Kind, Data>): Route<Path, Query, Body, Kind, Data> {
  return route;
}
