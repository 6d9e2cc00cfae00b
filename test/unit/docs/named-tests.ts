import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../infra/build/bundle.ts";

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether the file has a test of this title: a call with it as the first argument, or a property of its cases. */
export function hasTitle(file: string, title: string): boolean {
  const path = join(projectRoot, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8").replaceAll('\\"', '"');
  const quoted = `(["'\`])${literally(title)}\\1`;
  return new RegExp(`\\(\\s*${quoted}|^\\s*${quoted.replace("\\1", "\\2")}:`, "m").test(text);
}

/** The tests that a page names as `file` "title", and those among them that do not exist. */
export function namedTests(text: string): { named: number; missing: string[] } {
  const named = [...text.matchAll(/`(test\/[^`]+\.test\.ts)` "((?:[^"`]|`[a-z]+`)+)"/g)];
  const missing = named.flatMap(([line, file = "", title = ""]) => (hasTitle(file, title) ? [] : [line]));
  return { named: named.length, missing };
}
