import { readStack } from "../../infra/resources/stack.ts";

/** What counts resources of production; any other parameter is a number. */
const values: Readonly<Record<string, string>> = {
  "self:service": "ringfront",
  "sls:stage": "prod",
  "param:servedAccounts": "37",
  "param:authIssuer": "https://login.example.com",
  "param:signInIssuer": "",
  "param:reserveConcurrency": "true",
};

/** The stack of production that serves one account. */
export const productionStack = () =>
  readStack({ resolveVariable: async (address) => values[address] ?? "1" });
