import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, projectRoot } from "./bundle.ts";

/** Actions with another name than their command. */
const actionsOfCommand: Record<string, readonly string[]> = {
  "sqs:SendMessageBatch": ["sqs:SendMessage"],
  "sqs:DeleteMessageBatch": ["sqs:DeleteMessage"],
  "dynamodb:TransactWriteItems": ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
  "dynamodb:TransactGetItems": ["dynamodb:GetItem"],
};

/** IAM's prefix, where it differs from the client's name without hyphens. */
const prefixOfClient: Record<string, string> = {
  "secrets-manager": "secretsmanager",
  eventbridge: "events",
};

/**
 * The IAM actions that the code of a bundle can ask for: those of the AWS commands that our own modules in it import.
 * (The bundle alone tells too little: it holds whole clients, also with commands that are never called.)
 *
 * A module in a bundle counts as used, whether or not this function's requests reach it.
 */
export function useOf(bundle: Bundle) {
  const sources = sourcesOf(bundle);
  return {
    actions: new Set(sources.flatMap(actionsIn)),
    /** The beginnings of the partition keys that it makes for records of the table. */
    partitions: new Set(sources.flatMap(partitionsIn)),
  };
}

function sourcesOf({ inputs }: Bundle): string[] {
  const own = Object.keys(inputs).filter((path) => /^(functions|lib)\//.test(path) && path.endsWith(".ts"));
  return own.map((path) => readFileSync(join(projectRoot, path), "utf8"));
}

/** A key is made where it is named `partition`, as a text that begins with a word and `#`. */
export function partitionsIn(source: string): string[] {
  const keys = source.matchAll(/\bpartition\b(?: =|:)[^;]*?`([a-z-]+)#\$\{/g);
  return [...keys].map(([, word = ""]) => word);
}

/** @throws for an import of a client that hides which commands are used */
export function actionsIn(source: string): string[] {
  const imports = source.matchAll(
    /(?:import|export)\s+(type\s+)?([^;"]*?)\s+from\s+"@aws-sdk\/client-([a-z-]+)"/g,
  );
  return [...imports].flatMap(([statement, isType, names = "", client = ""]) => {
    if (isType !== undefined) return [];
    if (names.includes("*")) throw new Error(`name the commands that are used: ${statement}`);
    const commands = [...names.matchAll(/\b([A-Z]\w*)Command\b/g)].map(([, command]) => command);
    return commands.flatMap((command) => {
      const action = `${prefixOfClient[client] ?? client.replaceAll("-", "")}:${command}`;
      return actionsOfCommand[action] ?? [action];
    });
  });
}
