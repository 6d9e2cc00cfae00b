import type { Page, PageRequest } from "../contract/paging.ts";
import type { Extension } from "../contract/people.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { byId } from "./directory/copy.ts";
import type { Directories } from "./directory/directories.ts";
import type { DirectoryEntry } from "./directory/entry.ts";
import { foldAscii } from "./match-email.ts";

export interface ExtensionsFilter {
  q?: string | undefined;
  email?: string | undefined;
  extensionNumber?: string | undefined;
  status?: readonly string[] | undefined;
}

interface ListExtensionsRequest {
  accountId: string;
  query: ExtensionsFilter;
  page: PageRequest;
  call: CallContext;
}

/**
 * `GET /v1/extensions`: the copy of the directory, in the order of the ids. A page continues after the last id of the one
 * before, so a change of the directory meanwhile neither skips nor repeats another extension.
 * @throws ProblemError `directory_unavailable`; StorageUnavailable
 */
export async function listExtensions(
  { directories, records }: { directories: Directories; records: RecordStore },
  { accountId, query, page: { limit, position }, call }: ListExtensionsRequest,
): Promise<Page<Extension>> {
  const directory = await directories.latest(accountId, { records, deadline: call.deadline });
  const fits = (await directory.entries()).filter(filterOf(query));
  const after = { id: String(position?.after ?? ""), type: "", status: "" };
  const rest = fits.filter((entry) => byId(entry, after) > 0);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    ...(last !== undefined && rest.length > limit && { next: { after: last.id } }),
    total: fits.length,
    source: "snapshot",
    asOf: directory.checkedAt,
  };
}

function filterOf({ q, email, extensionNumber, status }: ExtensionsFilter) {
  const sought = email && foldAscii(email);
  const fitsText = q === undefined ? () => true : textFilter(q);
  return (entry: DirectoryEntry): boolean =>
    (sought === undefined || foldAscii(entry.email ?? "") === sought) &&
    (extensionNumber === undefined || entry.extensionNumber === extensionNumber) &&
    (status === undefined || status.includes(entry.status)) &&
    fitsText(entry);
}

/** Shorter parts of a phone number say little. */
const MIN_DIGITS = 4;
const digitsOf = (text: string) => text.replace(/\D/g, "");

/** A number in any spelling, or words in any order. */
function textFilter(q: string): (entry: DirectoryEntry) => boolean {
  if (/^[+\d\s()./-]*\d[+\d\s()./-]*$/.test(q)) {
    const digits = digitsOf(q);
    return ({ extensionNumber = "", phoneNumbers = [] }) =>
      extensionNumber.startsWith(digits) ||
      (digits.length >= MIN_DIGITS && phoneNumbers.some((number) => digitsOf(number).includes(digits)));
  }
  const words = plain(q).match(/\S+/g) ?? [];
  return ({ name = "", email = "", extensionNumber = "" }) => {
    const haystack = ` ${plain(name)} ${plain(email)} ${extensionNumber}`;
    return words.length > 0 && words.every((word) => haystack.includes(` ${word}`));
  };
}

/** As people type it: without case and accents; dots and other marks part words. */
const plain = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
