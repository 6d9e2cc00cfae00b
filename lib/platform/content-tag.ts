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
  return JSON.stringify(sorted(value)) ?? "null";
}

/** A sorted copy takes half the time of a replacer. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  // A date, for one, says itself what its JSON is.
  if (!isRecord(value) || "toJSON" in value) return value;
  const names = Object.keys(value).sort();
  // Assigned, this member would be the copy's prototype.
  if (names.includes("__proto__"))
    return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
  const copy: Record<string, unknown> = {};
  for (const name of names) copy[name] = sorted(value[name]);
  return copy;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
