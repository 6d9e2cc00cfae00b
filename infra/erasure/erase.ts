// `npm run erase`: erases what the table holds of a person, an extension or an account.
import { createInterface } from "node:readline/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PersonId } from "../../lib/contract/people.ts";
import { awsAccount } from "../deploy/aws-account.ts";
import { readId, readOptions, runCommand, UsageError } from "../local/command-line.ts";
import { readStackFile } from "../local/stack-file.ts";
import { LOCAL_STAGE, localAws } from "../local/stage.ts";
import { auditedErasure } from "./audited-erasure.ts";
import { type Erasure, eraseInTable, type Table } from "./erase-table.ts";
import type { Target } from "./target.ts";

const usage = `usage: npm run erase -- TARGET [options]

  --extension ID   the people of an extension, and everything kept for it; --account ID names its account
  --person ID      a person, by the id of GET /v1/people: record, sign-ins, stored responses
  --account ID     a whole account. Take it out of SERVED_ACCOUNTS and deploy first, or its records come back

  --stage STAGE    the deployed stage, with AWS credentials that may scan and write its table, and add to its audit;
                   --region REGION
                   by default the running local stack
  --yes            erase without asking
  --help           this text

First it shows what would be erased. It may be repeated. docs/privacy.md says what remains, and for how long.`;

await runCommand(async () => {
  const text = { type: "string" } as const;
  const options = readOptions(usage, {
    extension: text,
    person: text,
    account: text,
    stage: text,
    region: text,
    yes: { type: "boolean" },
  });
  const target: Target = {
    accountId: readId("--account", options.account),
    extensionId: readId("--extension", options.extension),
    personId: options.person,
  };
  const whom = options.person ?? options.extension ?? options.account;
  if (whom === undefined) throw new UsageError(`Whom to erase is missing.\n\n${usage}`);
  if (options.person !== undefined) {
    if (options.extension !== undefined) throw new UsageError("Name a person or an extension, not both.");
    if (!PersonId.safeParse(options.person).success) throw new UsageError(`"${whom}" is no person's id.`);
  }
  const table = await findTable(options);
  try {
    show(await eraseInTable(table, target, true), `in ${table.name} would be`);
    if (!options.yes && !(await isConfirmed(whom))) return console.log("Nothing was erased.");
    const erase = () => eraseInTable(table, target, false);
    const erased = options.stage === undefined ? erase() : eraseOnStage(table, target, erase);
    show(await erased, `in ${table.name} were`);
    console.log(`\n${whatRemains(target)}`);
  } finally {
    table.client.destroy();
  }
});

async function findTable({ stage, region }: { stage?: string; region?: string }): Promise<Table> {
  if (stage !== undefined) {
    return { client: new DynamoDBClient(region === undefined ? {} : { region }), name: `ringfront-${stage}` };
  }
  const stack = await readStackFile();
  if (stack === undefined) throw new UsageError(`There is no running stack, and no --stage.\n\n${usage}`);
  const client = new DynamoDBClient({ ...localAws, endpoint: stack.dynamodbUrl });
  return { client, name: `ringfront-${LOCAL_STAGE}` };
}

async function eraseOnStage({ client, name }: Table, target: Target, erase: () => Promise<Erasure>) {
  const { arn: operator } = await awsAccount(await client.config.region()).identity();
  const warn = (reason: string) =>
    console.error(`Keep a note of this erasure: the audit took no entry of it (${reason}).`);
  return auditedErasure({ group: `/${name}/audit`, client, operator, warn }, target, erase);
}

function show({ deleted, rewritten, remains, people }: Erasure, where: string): void {
  const lines = (counts: Record<string, number>) =>
    Object.entries(counts).map(([key, count]) => `  ${String(count).padStart(6)}  ${key}`);
  const parts: [string, string[]][] = [
    ["deleted", lines(deleted)],
    ["rewritten without them", lines(rewritten)],
    ["left, because RingCentral still lists the extension, or their owner is unknown", lines(remains)],
  ];
  for (const [what, counted] of parts) {
    if (counted.length > 0) console.log(`Records ${where} ${what}:\n${counted.join("\n")}`);
  }
  if (parts.every(([, counted]) => counted.length === 0)) console.log(`No records ${where} concerned.`);
  if (people.length > 0) console.log(`People: ${people.join(", ")}`);
}

/** @returns false without a terminal: a script has to say --yes */
async function isConfirmed(whom: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    console.log("Repeat it with --yes.");
    return false;
  }
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`Type ${whom} to erase it: `);
  prompt.close();
  return answer.trim() === whom;
}

function whatRemains({ extensionId }: Target): string {
  const mirror =
    extensionId === undefined
      ? ""
      : "\n- What RingCentral lists: the copies of the directory and of the numbers follow it. Delete the extension there,\n" +
        "  wait for a sync, and repeat this command.";
  return `What remains, until its time is over (docs/privacy.md):
- Backups of the table (point-in-time recovery): 35 days.
- Logs, with pseudonyms, ids and masked numbers, and the audit with addresses too: for their retention.
- What running functions have in memory: until their processes end, some hours at most.${mirror}`;
}
