import { canonicalJson } from "../../platform/content-tag.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RawObject } from "../../ringcentral/api/wire-call-handling.ts";
import { isSameNumber } from "../shared/phone-number-input.ts";
import { textIn, without } from "./raw.ts";
import { asSpelled, flipKey, isSystemRow, numberKey } from "./targets.ts";

/** A change of one row of the flip list. It may be applied repeatedly: what is as wanted stays as it is. */
export interface FlipChange {
  /** The natural key of the row now. */
  key: string;
  /** Absent: there is to be no such row. RingCentral's own rows take another flip number only. */
  row?: { phoneNumber: string; label?: string; flipNumber?: string };
  /** Whether the row was there already: when another client removes it meanwhile, it is not added again. */
  onlyIfPresent?: boolean;
}

/** "Generally" at most this many rows [spec: OAS]. */
export const MAX_FLIPS = 10;

/** The list with the change applied; the same list when nothing changes. Other rows stay as they are. */
export function editFlips(
  rows: readonly RawObject[],
  { key, row, onlyIfPresent }: FlipChange,
): readonly RawObject[] {
  const found = indexOfRow(rows, key, row);
  if (row === undefined) return found < 0 ? rows : rows.toSpliced(found, 1);
  const current = rows[found];
  if (current === undefined && onlyIfPresent) return rows;
  if (current === undefined) return [...rows, omitUndefined({ ...row, type: "External" })];
  const phoneNumber = asSpelled(textIn(current, "phoneNumber"), row.phoneNumber);
  const next = isSystemRow(current)
    ? { ...without(current, "flipNumber"), ...omitUndefined({ flipNumber: row.flipNumber }) }
    : { ...without(current, "label", "flipNumber"), ...omitUndefined({ ...row, phoneNumber }) };
  return canonicalJson(next) === canonicalJson(current) ? rows : rows.with(found, next);
}

function indexOfRow(rows: readonly RawObject[], key: string, row: FlipChange["row"]): number {
  const at = rows.findIndex((each) => flipKey(each) === key);
  if (at >= 0 || row === undefined) return at;
  const isOfNumber = (each: RawObject) =>
    !isSystemRow(each) && isSameNumber(textIn(each, "phoneNumber") ?? "", row.phoneNumber);
  return rows.findIndex(isOfNumber);
}

/** Whether a list in which the change is made has a row to tell so. The lack of one may be another client's doing. */
export function showsFlip(rows: readonly RawObject[], { key, row }: FlipChange): boolean {
  return row !== undefined && indexOfRow(rows, key, row) >= 0;
}

/** The row of a key, as a change that restores it. */
export function restoration(rows: readonly RawObject[], { key, row }: FlipChange): FlipChange {
  const before = rows.find((each) => flipKey(each) === key);
  const keepsKey = row === undefined || (before !== undefined && isSystemRow(before));
  const now = keepsKey ? key : numberKey(row.phoneNumber);
  if (before === undefined) return { key: now };
  const phoneNumber = textIn(before, "phoneNumber") ?? "";
  const [label, flipNumber] = [textIn(before, "label"), textIn(before, "flipNumber")];
  return { key: now, row: { phoneNumber, ...omitUndefined({ label, flipNumber }) }, onlyIfPresent: true };
}
