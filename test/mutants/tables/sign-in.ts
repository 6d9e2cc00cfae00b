import type { Protocol } from "../mutant.ts";

export const signIn: Protocol = {
  name: "sign-in",
  title: "Sign-in: OAuth server, sessions",
  files: {
    "lib/sign-in/adapter.ts": [
      {
        id: "id-in-table",
        rule: "The table names its records by the ids.",
        text: 'Buffer.from(deriveKey(id, `sign-in ${model} name`)).toString("base64url")',
        replacement: "id",
        tests: ["unit/sign-in/rejections"],
      },
      {
        id: "grant-not-listed",
        rule: "A person's grants are not listed, so that the last one does not end the session.",
        text: 'await this.#deps.grants.extend(person, nameOf("Grant", grantId), options.expiresAt);',
        replacement: "",
        tests: ["unit/sign-in/flow"],
      },
    ],
    "lib/sign-in/grants.ts": [
      {
        id: "session-ends-with-first-grant",
        rule: "The session ends with the first of the person's grants.",
        text: "if (Object.keys(left).length === 0) await",
        replacement: "await",
        tests: ["unit/sign-in/flow"],
      },
    ],
  },
};
