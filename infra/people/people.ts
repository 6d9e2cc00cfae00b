// `npm run people`: says which sign-in is which extension, from the terminal.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import * as z from "zod/mini";
import { BY_SUBJECT } from "../../lib/contract/people.ts";
import { runCommand, UsageError } from "../local/command-line.ts";
import { readStackFile } from "../local/stack-file.ts";
import { connect, type PeopleApi } from "./api.ts";
import { describeChange, makePlan } from "./plan.ts";
import { CsvError, decodeCsv, readCsv } from "./read-csv.ts";

const usage = `usage: npm run people -- COMMAND [options]

  list                    who signs in as which extension
  import FILE             connect the people of a CSV file. Its first line names the columns:
                          subject (the token's sub) or person (an id of GET /v1/people/unmatched), and
                          extensionId, extensionNumber or email (the extension's in RingCentral)
  remove SUBJECT          forget a person; with --person, by the id

  --apply                 do it; otherwise it only checks and shows what would change
  --url URL               the API; by default the running local stack's
  --help                  this text

The variable TOKEN holds an access token with the scopes people:manage and account:read; the local stack has its own.`;

const Token = z.object({ iss: z.string() });

await runCommand(async () => {
  const { positionals, values } = readArguments();
  const [command = "", argument, ...rest] = positionals;
  if (values.help || command === "") return console.log(usage);
  const { api, issuer } = await connectAs(values.url);
  if (rest.length > 0) throw new UsageError(`Too many arguments.\n\n${usage}`);
  if (command === "list") return list(await api.people());
  if (argument === undefined) throw new UsageError(`An argument is missing.\n\n${usage}`);
  if (command === "import") return importFile(argument, values.apply);
  if (command === "remove") return remove(argument, values.person ? "id" : "subject", values.apply);
  throw new UsageError(`There is no command ${command}.\n\n${usage}`);

  async function importFile(file: string, isApplied: boolean): Promise<void> {
    const bytes = await readFile(file).catch(() => {
      throw new UsageError(`${file} cannot be read.`);
    });
    const rows = rowsOf(file, bytes);
    const [extensions, people] = await Promise.all([api.extensions(), api.people()]);
    const { changes, errors } = makePlan(rows, { issuer, extensions, people });
    if (errors.length > 0) {
      const lines = errors.map(({ line, message }) => `${file}:${line}: ${message}`);
      throw new UsageError([...lines, "Nothing was changed."].join("\n"));
    }
    const wanted = changes.filter(({ kind }) => kind !== "keep");
    for (const change of wanted) {
      if (isApplied) {
        const { personId = BY_SUBJECT, subject, extension } = change;
        await api.put(personId, { extensionId: extension.id, ...(subject !== undefined && { subject }) });
      }
      console.log(describeChange(change));
    }
    conclude(`${wanted.length} of ${changes.length} people`, isApplied, wanted.length);
  }

  async function remove(who: string, by: "id" | "subject", isApplied: boolean): Promise<void> {
    const known = (await api.people()).find((person) => person[by] === who);
    if (known === undefined) throw new UsageError(`There is no person ${who}.`);
    if (isApplied) await api.remove(known.id);
    console.log(`remove ${known.subject ?? who} -> ${known.extensionId}`);
    conclude("1 person", isApplied, 1);
  }
});

function conclude(what: string, isApplied: boolean, count: number): void {
  const hint = count === 0 ? "" : " Repeat it with --apply.";
  console.log(isApplied ? `${what} changed.` : `${what} would change. Nothing was changed.${hint}`);
}

function list(people: Awaited<ReturnType<PeopleApi["people"]>>): void {
  for (const { id, extensionId, source, extensionStatus = "gone", subject = "", email = "" } of people) {
    console.log([id, extensionId, extensionStatus, source, subject, email].join("\t"));
  }
  console.log(`${people.length} people`);
}

function rowsOf(file: string, bytes: Uint8Array) {
  try {
    return readCsv(decodeCsv(bytes));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UsageError(`${file}:${error.line}: ${error.message}`);
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        apply: { type: "boolean", default: false },
        person: { type: "boolean", default: false },
        url: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

async function connectAs(url: string | undefined) {
  const stack = url === undefined ? await readStackFile() : undefined;
  const apiUrl = url?.replace(/\/+$/, "") ?? stack?.apiUrl;
  if (apiUrl === undefined) throw new UsageError(`There is no running stack, and no --url.\n\n${usage}`);
  const token = process.env.TOKEN || stack?.tokens.admin;
  if (!token) throw new UsageError(`The variable TOKEN is not set.\n\n${usage}`);
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  try {
    return { api: connect(apiUrl, token), issuer: Token.parse(JSON.parse(payload)).iss };
  } catch {
    throw new UsageError("The access token is no JWT with an issuer.");
  }
}
