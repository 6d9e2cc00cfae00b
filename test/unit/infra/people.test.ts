import { describe, expect, test } from "vitest";
import { describeChange, makePlan } from "../../../infra/people/plan.ts";
import { CsvError, decodeCsv, readCsv } from "../../../infra/people/read-csv.ts";

describe("a CSV file", () => {
  test.each<[kind: string, text: string]>([
    ["plain", "subject,email\nana,a@x.example\nben,b@x.example\n"],
    ["of a spreadsheet", '\uFEFFsubject;email\r\n"ana";a@x.example\r\n\r\nben;"b@x.example"\r\n'],
    ["with tabs and spaces, and no last line break", "subject\temail\nana \ta@x.example\n ben\tb@x.example"],
  ])("%s is read", (_, text) => {
    expect(readCsv(text).map(({ values }) => values)).toEqual([
      { subject: "ana", email: "a@x.example" },
      { subject: "ben", email: "b@x.example" },
    ]);
  });

  test("keeps what is quoted, and counts lines as an editor does", () => {
    const rows = readCsv('subject,note\n"a,""b""\nc",x\nlast,y\n');
    expect(rows).toEqual([
      { line: 2, values: { subject: 'a,"b"\nc', note: "x" } },
      { line: 4, values: { subject: "last", note: "y" } },
    ]);
    expect(readCsv("subject,email\nana,\n")[0]?.values).toEqual({ subject: "ana", email: "" });
  });

  test.each<[text: string, line: number]>([
    ["", 1],
    ["subject,email\nana\n", 2],
    ['subject,email\nana,a\n"ben,b\n', 3],
    ['subject,email\nan"a,b\n', 2],
    ["subject,email, subject\nana,a@x.example,ben\n", 1],
  ])("%j is rejected with its line", (text, line) => {
    expect(() => readCsv(text)).toThrow(CsvError);
    expect(() => readCsv(text)).toThrow(expect.objectContaining({ line }));
  });

  test.each<BufferEncoding>(["latin1", "utf16le"])(
    "in %s is rejected: its subjects would be others",
    (encoding) => {
      expect(() =>
        decodeCsv(Buffer.from("\uFEFFsubject,email\nm\u00FCller,m@x.example\n", encoding)),
      ).toThrow(CsvError);
      expect(decodeCsv(Buffer.from("m\u00FCller"))).toBe("m\u00FCller");
    },
  );
});

describe("an import", () => {
  const issuer = "https://login.acme.example";
  const extension = (id: string, extensionNumber: string, email: string, status = "Enabled") => ({
    id,
    type: "User",
    status,
    extensionNumber,
    email,
    name: `Person ${id}`,
  });
  const extensions = [
    extension("1", "101", "ana@x.example"),
    extension("2", "102", "Ben@x.example"),
    extension("3", "103", "desk@x.example"),
    extension("4", "104", "desk@x.example"),
    extension("5", "105", "tom@x.example", "Disabled"),
  ];
  const person = (subject: string, extensionId: string, source: "administrator" | "directory") => {
    const at = "2026-01-01T00:00:00Z";
    return { id: `${subject}-`.padEnd(22, "0"), subject, extensionId, source, createdAt: at, updatedAt: at };
  };
  const people = [person("ana", "1", "administrator"), person("ben", "1", "directory")];
  const planOf = (csv: string) => makePlan(readCsv(csv), { issuer, extensions, people });

  test("adds, changes and keeps people, by each way to name them and their extension", () => {
    const unknown = "Ae16mpemmYA2eH_PdxJxE3";
    const { changes, errors } = planOf(
      `subject,person,email,extensionNumber,extensionId\nana,,ANA@x.example,,\nben,,,102,\n,${unknown},,,3\n`,
    );
    expect(errors).toEqual([]);
    expect(changes.map(describeChange)).toEqual([
      "line 2: keep ana -> 101 Person 1",
      "line 3: change ben -> 102 Person 2 (was 1, by directory)",
      `line 4: add ${unknown} -> 103 Person 3`,
    ]);
  });

  test("names the line of each error", () => {
    const { changes, errors } = planOf(
      [
        "subject,email,issuer",
        `eva,nobody@x.example,${issuer}`,
        `eva,desk@x.example,${issuer}`,
        `eva,tom@x.example,${issuer}`,
        `,ana@x.example,${issuer}`,
        `eva,,${issuer}`,
        "eva,ana@x.example,https://other.example",
        `zoe,ana@x.example,${issuer}`,
        `zoe,ben@x.example,${issuer}`,
        `${"z".repeat(256)},ana@x.example,`,
      ].join("\n"),
    );
    expect(changes).toHaveLength(1);
    expect(errors).toEqual([
      { line: 2, message: "No extension of the account has the email nobody@x.example." },
      { line: 3, message: "2 extensions have the email desk@x.example." },
      { line: 4, message: "The extension tom@x.example is Disabled." },
      { line: 5, message: "A value is missing: one of subject, person." },
      { line: 6, message: "A value is missing: one of extensionId, extensionNumber, email." },
      { line: 7, message: `The issuer is not ${issuer}, whose tokens the API takes.` },
      { line: 9, message: "The same person as on line 8." },
      { line: 10, message: "The subject is longer than 255 characters." },
    ]);
    const odd = planOf(`person,email\n${"!".repeat(22)},ana@x.example\n`);
    expect(odd.errors).toEqual([{ line: 2, message: `"${"!".repeat(22)}" is no person's id.` }]);
  });
});
