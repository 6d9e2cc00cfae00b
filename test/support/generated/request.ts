/** A cursor that the service gave for a list: for this one, or for any other; as it was, or tampered with. */
export interface CursorChoice {
  cursor: "own" | "other";
  tamper?: number;
}
/** The tag that the service gave last for this operation, in one of its forms. */
export interface TagChoice {
  tag: "as given" | "weak" | "listed" | "any" | "unquoted";
}
export type TokenChoice =
  | ("user" | "admin" | "readOnly" | "otherUser" | "service" | "person" | "none")
  | { forged: number }
  | { text: string };

/** A request as it is generated: what depends on the service's state is chosen when it is sent. */
export interface GeneratedRequest {
  path: Record<string, string | { existing: number }>;
  /** Names and values, not encoded. */
  query: [string, string | CursorChoice][];
  /** Added to the query as it is. */
  rawQuery: string;
  headers: Record<string, string | TagChoice>;
  /** A value is sent as JSON, text as it is. */
  body?: unknown;
  isBase64?: boolean;
  token: TokenChoice;
  /** What makes it differ from the OpenAPI file; nothing: it fits. */
  mutations: string[];
}
