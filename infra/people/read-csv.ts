/** A row of a CSV file (RFC 4180): its values by the names of the first row, and the line it begins on. */
export interface CsvRow {
  line: number;
  values: Readonly<Record<string, string>>;
}

export class CsvError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * The text of a file. In another encoding a subject would be read as another one.
 * @throws CsvError
 */
export function decodeCsv(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CsvError(1, 'The file is not in UTF-8. A spreadsheet saves it as "CSV UTF-8".');
  }
}

/**
 * Reads a file as spreadsheets write it: with a byte-order mark or without, lines that end in CRLF or LF, quotes, and
 * commas, semicolons or tabs between the values, whichever the first line has. Empty lines are left out.
 * @throws CsvError
 */
export function readCsv(file: string): CsvRow[] {
  const text = file.replace(/^\uFEFF/, "");
  const [first = ""] = text.split(/\r?\n/, 1);
  const separator = [";", "\t"].find((one) => first.includes(one)) ?? ",";
  const [head, ...rows] = records(text, separator);
  if (head === undefined) throw new CsvError(1, "The file is empty.");
  const names = head.cells.map((name) => name.trim());
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) < index);
  if (twice !== undefined) throw new CsvError(1, `Two columns are named ${twice}.`);
  return rows.map(({ line, cells }) => {
    if (cells.length !== names.length) {
      throw new CsvError(line, `The line has ${cells.length} values, the first line names ${names.length}.`);
    }
    return {
      line,
      values: Object.fromEntries(names.map((name, index) => [name, cells[index]?.trim() ?? ""])),
    };
  });
}

function records(text: string, separator: string): { line: number; cells: string[] }[] {
  const found: { line: number; cells: string[] }[] = [];
  // A value: quoted, with quotes in it doubled, or plain; then what ends it.
  const value = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n]*))(${separator}|\\r?\\n|$)`, "y");
  let cells: string[] = [];
  let line = 1;
  let begin = 1;
  while (value.lastIndex < text.length || cells.length > 0) {
    const match = value.exec(text);
    if (match === null) throw new CsvError(line, "A quote is not closed, or stands inside of a value.");
    const [whole, quoted, plain = "", end] = match;
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split("\n").length - 1;
    if (end === separator) continue;
    if (cells.some((cell) => cell.trim() !== "")) found.push({ line: begin, cells });
    [cells, begin] = [[], line];
    if (value.lastIndex >= text.length) break;
  }
  return found;
}
