import { isRawObject, type RawObject } from "../../ringcentral/api/wire-call-handling.ts";

// Members of RingCentral's objects, read without a copy: a write repeats the objects as they came.

/** A text, or a number as text; absent when empty. */
export function textIn(raw: RawObject, name: string): string | undefined {
  const value = raw[name];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** An object; empty when there is none. */
export function objectIn(raw: RawObject, name: string): RawObject {
  const value = raw[name];
  return isRawObject(value) ? value : {};
}

/** The elements of a list. What is no object has no meaning here. */
export function objectsIn(raw: RawObject, name: string): RawObject[] {
  const value = raw[name];
  return Array.isArray(value) ? value.filter(isRawObject) : [];
}

/** The object with the elements of one list edited; `undefined` removes one. What is no object stays as it is. */
export function withEdited(
  raw: RawObject,
  name: string,
  edit: (element: RawObject) => RawObject | undefined,
): RawObject {
  const value = raw[name];
  if (!Array.isArray(value)) return raw;
  const edited = value.flatMap((element: unknown) => {
    const next = isRawObject(element) ? edit(element) : element;
    return next === undefined ? [] : [next];
  });
  const isSame = edited.length === value.length && edited.every((element, index) => element === value[index]);
  return isSame ? raw : { ...raw, [name]: edited };
}

export function without(raw: RawObject, ...names: readonly string[]): RawObject {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !names.includes(name)));
}
