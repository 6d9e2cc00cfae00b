/** `T` without `undefined` among the values of its optional members. */
export type OmitUndefined<T extends object> = {
  [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key];
} & { [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined> };

/** A copy of `fields` without the members that are `undefined`, for types with exact optional members. */
export function omitUndefined<T extends object>(fields: T): OmitUndefined<T>;
export function omitUndefined(fields: object): object {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) copy[name] = value;
  return copy;
}
