import { type Extension, MAX_SUBJECT, type Person, PersonId } from "../../lib/contract/people.ts";
import { foldAscii } from "../../lib/people/match-email.ts";
import type { CsvRow } from "./read-csv.ts";

/** What one line of the file makes of a person. */
export interface Change {
  line: number;
  /** Absent: the person is new, and the API makes the id from the subject. */
  personId?: string;
  /** Absent: the line has the person's id. */
  subject?: string;
  extension: Extension;
  /** Absent: the person is new. */
  before?: Person;
  kind: "add" | "change" | "keep";
}

export interface Plan {
  changes: Change[];
  errors: { line: number; message: string }[];
}

interface Known {
  issuer: string;
  extensions: readonly Extension[];
  people: readonly Person[];
}

const whoColumns = ["subject", "person"] as const;
const extensionColumns = ["extensionId", "extensionNumber", "email"] as const;

/** What a file changes. Nothing is done while it has an error. */
export function makePlan(rows: readonly CsvRow[], known: Known): Plan {
  const plan: Plan = { changes: [], errors: [] };
  const seen = new Map<string, number>();
  for (const row of rows) {
    try {
      const change = changeOf(row, known);
      const who = change.personId ?? `subject ${change.subject}`;
      const earlier = seen.get(who);
      if (earlier !== undefined) throw new RowError(`The same person as on line ${earlier}.`);
      seen.set(who, row.line);
      plan.changes.push(change);
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      plan.errors.push({ line: row.line, message: error.message });
    }
  }
  return plan;
}

class RowError extends Error {}

function changeOf({ line, values }: CsvRow, { issuer, extensions, people }: Known): Change {
  const [whoColumn, who] = onlyColumn(values, whoColumns);
  if ((values.issuer || issuer) !== issuer) {
    throw new RowError(`The issuer is not ${issuer}, whose tokens the API takes.`);
  }
  const isSubject = whoColumn === "subject";
  const before = people.find(({ id, subject }) => (isSubject ? subject : id) === who);
  const personId = isSubject ? before?.id : who;
  if (isSubject && who.length > MAX_SUBJECT) {
    throw new RowError(`The subject is longer than ${MAX_SUBJECT} characters.`);
  }
  if (!isSubject && !PersonId.safeParse(personId).success) throw new RowError(`"${who}" is no person's id.`);
  const extension = findExtension(values, extensions);
  const isSame = before?.extensionId === extension.id && before.source === "administrator";
  return {
    line,
    ...(personId !== undefined && { personId }),
    ...(isSubject && { subject: who }),
    extension,
    ...(before !== undefined && { before }),
    kind: isSame ? "keep" : before === undefined ? "add" : "change",
  };
}

function findExtension(values: CsvRow["values"], extensions: readonly Extension[]): Extension {
  const [column, wanted] = onlyColumn(values, extensionColumns);
  const found = extensions.filter(({ id, extensionNumber, email = "" }) => {
    if (column === "extensionId") return id === wanted;
    return column === "email" ? foldAscii(email) === foldAscii(wanted) : extensionNumber === wanted;
  });
  const [extension, ...others] = found;
  if (extension === undefined) throw new RowError(`No extension of the account has the ${column} ${wanted}.`);
  if (others.length > 0) throw new RowError(`${found.length} extensions have the ${column} ${wanted}.`);
  if (extension.status !== "Enabled") throw new RowError(`The extension ${wanted} is ${extension.status}.`);
  return extension;
}

/** The one of these columns that has a value. */
function onlyColumn<Name extends string>(values: CsvRow["values"], names: readonly Name[]): [Name, string] {
  const [first, ...others] = names.flatMap((name): [Name, string][] => {
    const value = values[name] ?? "";
    return value === "" ? [] : [[name, value]];
  });
  if (first !== undefined && others.length === 0) return first;
  const choice = names.join(", ");
  throw new RowError(
    first === undefined ? `A value is missing: one of ${choice}.` : `Only one of ${choice} may be given.`,
  );
}

export function describeChange({ kind, line, subject, personId, extension, before }: Change): string {
  const { extensionNumber = extension.id, name = "" } = extension;
  const was = kind === "change" ? ` (was ${before?.extensionId}, by ${before?.source})` : "";
  return `line ${line}: ${kind} ${subject ?? personId} -> ${extensionNumber} ${name}${was}`;
}
