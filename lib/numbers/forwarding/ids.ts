import { createHmac } from "node:crypto";
import type { ForwardingNumber } from "../../contract/forwarding-numbers.ts";
import { type Credentials, keyOf } from "../../platform/credentials.ts";
import type { NumbersRequest } from "../shared/request.ts";
import { type Item, legacyKey } from "./items.ts";

/**
 * Ids given out earlier, each with a natural id that it has stood for, the oldest first. The last one that exists
 * counts.
 */
export type Aliases = readonly (readonly [givenOut: string, natural: string])[];

/** The most remembered for an extension, which has about ten numbers. */
const MAX_ALIASES = 100;

/** A natural id from a natural key: the same in every process, and it reveals no number. */
export type NaturalId = (key: string) => string;

/** The natural ids of one extension under one version of the account's secret. */
export function naturalIds(credentials: Credentials, { extensionId, call }: NumbersRequest): NaturalId {
  const secret = keyOf(credentials, "forwarding-number-id");
  const made = new Map<string, string>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const text = JSON.stringify([call.accountId, extensionId, key]);
    const id = createHmac("sha256", secret).update(text).digest("base64url").slice(0, 24);
    made.set(key, id);
    return id;
  };
}

/** The numbers that given-out ids stand for now. */
function owners(items: readonly Item[], aliases: Aliases, idOf: NaturalId): Map<string, Item> {
  const byNatural = new Map(items.flatMap((item) => item.keys.map((key) => [idOf(key), item] as const)));
  return new Map(
    aliases.flatMap(([givenOut, natural]) => {
      const item = byNatural.get(natural);
      return item === undefined ? [] : [[givenOut, item] as const];
    }),
  );
}

/**
 * The ids that a list shows: the one given out for the number last, such as its id in legacy call handling, or
 * else its natural id. So ids stay the same when an extension moves, and when the number of an entry is changed.
 */
export function shownIds(items: readonly Item[], aliases: Aliases, idOf: NaturalId): Map<Item, string> {
  const owned = owners(items, aliases, idOf);
  const shown = (item: Item): string => {
    const naturals = item.keys.map((key) => idOf(key));
    // The latest: an earlier one may be of an entry that was removed before the number was added again.
    const [givenOut] =
      aliases.findLast(([id, natural]) => owned.get(id) === item && naturals.includes(natural)) ?? [];
    const [key = ""] = item.keys;
    // An entry whose number was changed keeps its id, so that the number needs another id when it is added again.
    return givenOut ?? (owned.has(idOf(key)) ? idOf(secondKey(key)) : idOf(key));
  };
  return new Map(items.map((item) => [item, shown(item)]));
}

/** The key of a number that is added again while an entry with another number keeps the id made from it. */
const secondKey = (key: string) => `${key} again`;

/** The number that an id stands for, by one version of the secret. */
export function findById(
  id: string,
  items: readonly Item[],
  aliases: Aliases,
  idOf: NaturalId,
): Item | undefined {
  const isNatural = (key: string) => idOf(key) === id || idOf(secondKey(key)) === id;
  return owners(items, aliases, idOf).get(id) ?? items.find(({ keys }) => keys.some(isNatural));
}

/** The aliases with further ones; the same list when it has them already. */
export function withAliases(aliases: Aliases, added: Aliases): Aliases {
  const isLatest = ([id, natural]: Aliases[number]) =>
    aliases.findLast(([givenOut]) => givenOut === id)?.[1] === natural;
  const news = added.filter((alias) => !isLatest(alias));
  if (news.length === 0) return aliases;
  const isNew = ([id, natural]: Aliases[number]) =>
    news.some((each) => each[0] === id && each[1] === natural);
  return [...aliases.filter((alias) => !isNew(alias)), ...news].slice(-MAX_ALIASES);
}

/** The ids of legacy numbers, with the natural ids that they will have on the new call handling. */
export function aliasesOf(
  numbers: readonly ForwardingNumber[],
  extensionId: string,
  idOf: NaturalId,
): Aliases {
  return numbers.flatMap(({ id, ...number }) => {
    const key = legacyKey(number, extensionId);
    return key === undefined ? [] : [[id, idOf(key)] as const];
  });
}
