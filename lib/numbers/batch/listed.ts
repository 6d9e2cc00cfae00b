import type { WireCallerBlockingNumber } from "../../ringcentral/api/wire.ts";
import { isSameNumber } from "../shared/phone-number-input.ts";
import type { Item } from "./items.ts";

/** The entries of both lists, as read and as the batch has changed them since. */
export class Listed {
  readonly #byId = new Map<string, WireCallerBlockingNumber>();
  /** By the last digits, which all writings of a number share: comparing a number with all others would take seconds. */
  readonly #byEnd = new Map<string, WireCallerBlockingNumber[]>();

  constructor(entries: readonly WireCallerBlockingNumber[]) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: WireCallerBlockingNumber): void {
    this.#byId.set(entry.id, entry);
    const end = endOf(entry.phoneNumber);
    this.#byEnd.set(end, [...(this.#byEnd.get(end) ?? []), entry]);
  }

  remove({ id, phoneNumber }: WireCallerBlockingNumber): void {
    this.#byId.delete(id);
    const end = endOf(phoneNumber);
    this.#byEnd.set(
      end,
      (this.#byEnd.get(end) ?? []).filter((entry) => entry.id !== id),
    );
  }

  /** The entry that an item is about. */
  entryOf(item: Item): WireCallerBlockingNumber | undefined {
    if ("id" in item) return this.#byId.get(item.id);
    const number = numberOf(item);
    return this.#byEnd.get(endOf(number))?.find((entry) => isSameNumber(entry.phoneNumber, number));
  }

  /** Equal for two items of one entry or number. */
  targetOf(item: Item): string {
    return this.entryOf(item)?.id ?? ("id" in item ? item.id : numberOf(item));
  }
}

const numberOf = (item: Exclude<Item, { id: string }>) =>
  item.action === "add" ? item.asked.phoneNumber : item.phoneNumber;

const endOf = (phoneNumber: string) => phoneNumber.replace(/\D/g, "").slice(-6);
