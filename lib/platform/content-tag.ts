import { hash } from "node:crypto";

/** A strong entity tag (RFC 9110, 8.8.3) over a value, whatever the order of its keys. */
export function contentTag(content: unknown): string {
  return `"${hash("sha256", canonicalJson(content), "base64url").slice(0, 27)}"`;
}

/** An item of a list with the tag that a read of it alone has. */
export function tagged<Item>(item: Item) {
  return { ...item, etag: contentTag(item) };
}

/** JSON with sorted object members: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? "null"
  );
}
