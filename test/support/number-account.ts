import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { Operation, OperationInput, RingCentral } from "../../lib/ringcentral/api/operation.ts";

/** A number as RingCentral sends it, reduced to the fields that tests vary. */
export interface AccountNumber {
  id: number;
  phoneNumber: string;
  usageType: string;
  label?: string;
  status?: string;
  extension?: { id: number; name: string };
}

export interface AccountCall {
  operation: "listCompanyNumbers" | "getCompanyNumber" | "getCompanyNumbers";
  /** Number of calls for a list. */
  page: number;
  /** Number of lookup calls. */
  ids: readonly string[];
}

export type NumberAccount = ReturnType<typeof createNumberAccount>;

export const numberOf = (id: number, more: Partial<AccountNumber> = {}): AccountNumber => ({
  id,
  phoneNumber: `+1202${String(5_550_000 + id).padStart(7, "0")}`,
  usageType: id === 1 ? "MainCompanyNumber" : "DirectNumber",
  ...(id !== 1 && { extension: { id: 1_000 + id, name: `Person ${id}` } }),
  ...more,
});

/**
 * RingCentral's side of `listCompanyNumbers` and of its lookups by id, as documented: pages in the order of entry, clamped page sizes, a
 * lesser role that sees direct numbers only and may not look numbers up.
 */
export function createNumberAccount(count = 0) {
  const numbers = new Map<string, AccountNumber>();
  const calls: AccountCall[] = [];
  const account = {
    numbers,
    calls,
    role: "admin" as "admin" | "lesser",
    maxPerPage: 1000,
    /** May change the account or throw; runs before the response is made. */
    before: undefined as ((call: AccountCall) => void) | undefined,
    put(number: AccountNumber): void {
      numbers.set(String(number.id), number);
    },
    edit(id: number, change: Partial<AccountNumber>): void {
      const known = numbers.get(String(id));
      if (known !== undefined) numbers.set(String(id), { ...known, ...change });
    },
    remove(id: number): void {
      numbers.delete(String(id));
    },
    visible(): AccountNumber[] {
      const all = [...numbers.values()];
      return account.role === "admin" ? all : all.filter(({ usageType }) => usageType === "DirectNumber");
    },
    /** The body of a response. @throws RingCentralError */
    respond({ name }: Operation<unknown>, { path, query }: OperationInput): unknown {
      const ids = path?.phoneNumberId?.split(",") ?? [];
      const page = Number(query?.page ?? 1);
      const operation = name as AccountCall["operation"];
      calls.push({ operation, page, ids });
      account.before?.({ operation, page, ids });
      if (operation === "listCompanyNumbers") return listPage(account.visible(), page, perPageOf(query));
      if (account.role !== "admin") throw rejection(operation, 403, "CMN-402");
      const [first = ""] = ids;
      if (operation === "getCompanyNumbers") return ids.map((id) => part(id, numbers.get(id)));
      const number = numbers.get(first);
      if (number === undefined) throw rejection(operation, 404, "CMN-102");
      return number;
    },
  };

  function perPageOf(query: OperationInput["query"]): number {
    return Math.min(Number(query?.perPage ?? 100), account.maxPerPage);
  }

  for (let id = 1; id <= count; id += 1) account.put(numberOf(id));
  return account;
}

/** The client of an account; responses pass the operation's schema, as in reality. */
export function clientOf(account: NumberAccount): RingCentral {
  return {
    async call<Output>(operation: Operation<Output>, input: OperationInput): Promise<Output> {
      const body = account.respond(operation, input);
      if (operation.output === undefined) throw new Error(`${operation.name} has no response body`);
      return operation.output.parse(body);
    },
  };
}

function listPage(all: readonly AccountNumber[], page: number, perPage: number) {
  const records = all.slice((page - 1) * perPage, page * perPage);
  const totalPages = Math.max(1, Math.ceil(all.length / perPage));
  const pages = { perPage, totalPages, totalElements: all.length };
  return {
    records,
    paging: page <= totalPages ? { page, pageStart: (page - 1) * perPage, ...pages } : pages,
    navigation: page < totalPages ? { nextPage: { uri: "https://rc.test/next" } } : {},
  };
}

function part(id: string, number: AccountNumber | undefined) {
  if (number !== undefined) return { resourceId: id, status: 200, body: number };
  const error = { errorCode: "CMN-102", parameterName: "phoneNumberId" };
  return { resourceId: id, status: 404, body: { errors: [error] } };
}

export function rejection(operation: string, status: number, errorCode: string): RingCentralError {
  return new RingCentralError({ kind: "rejected", operation, status, errorCode, mayHaveTakenEffect: false });
}

export function rateLimited(operation: string, retryAfterMs: number): RingCentralError {
  const failure = { kind: "rate_limited", operation, status: 429, retryAfterMs } as const;
  return new RingCentralError({ ...failure, mayHaveTakenEffect: false });
}

export function unavailable(operation: string): RingCentralError {
  return new RingCentralError({ kind: "unavailable", operation, status: 503, mayHaveTakenEffect: false });
}
