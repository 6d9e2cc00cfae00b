import fc, { type Arbitrary } from "fast-check";
import { bodyOf, isWebhook, type Operation, type Parameter, parametersIn, type Schema } from "./document.ts";
import { mutations } from "./mutations.ts";
import type { CursorChoice, GeneratedRequest, TagChoice, TokenChoice } from "./request.ts";
import { fitting, oddTexts, phoneNumbers, rarely } from "./values.ts";

/** Requests of an operation: some fit the OpenAPI file, the others break it in one to three places. */
export function requestsOf(operation: Operation): Arbitrary<GeneratedRequest> {
  const described = isWebhook(operation) ? notifications(operation) : requests(operation);
  const broken = fc
    .tuple(described, fc.array(mutations(operation), { minLength: 1, maxLength: 3 }))
    .map(([request, list]) =>
      list.reduce((mutated, { name, apply }) => {
        const next = apply(mutated);
        return { ...next, mutations: [...mutated.mutations, name] };
      }, request),
    );
  return fc.oneof({ weight: 2, arbitrary: described }, { weight: 3, arbitrary: broken });
}

function requests(operation: Operation): Arbitrary<GeneratedRequest> {
  const body = bodyOf(operation);
  const path = parametersIn(operation, "path").map(({ name, schema }) => {
    const known =
      name === "extensionId"
        ? fc.constantFrom<(string | { existing: number })[]>("me", "3800222")
        : fc.nat({ max: 999 }).map((existing) => ({ existing }));
    return [name, fc.oneof({ weight: 8, arbitrary: known }, fitting(schema).map(String))] as const;
  });
  const query = parametersIn(operation, "query").map(({ name, schema }) =>
    fc.tuple(fc.constant(name), parameterOf(name, schema)),
  );
  return fc.record<GeneratedRequest>({
    path: fc.record(Object.fromEntries(path)),
    query: fc
      .tuple(...query.map((pair) => rarely(3, pair)))
      .map((pairs) => pairs.filter((pair) => pair !== null)),
    rawQuery: fc.constant(""),
    headers: headersOf(parametersIn(operation, "header")),
    body:
      body === undefined ? fc.constant(undefined) : fc.oneof(fitting(body.schema), fc.constant(body.example)),
    token: fc.constantFrom<TokenChoice[]>("user", "admin", "admin"),
    mutations: fc.constant([]),
  });
}

function headersOf(parameters: readonly Parameter[]): Arbitrary<Record<string, string | TagChoice>> {
  const tags = fc
    .constantFrom<TagChoice["tag"][]>("as given", "weak", "listed", "any")
    .map((tag) => ({ tag }));
  const declared = parameters.map(({ name, schema }) => {
    if (/^If-/.test(name)) return [name, fc.oneof({ weight: 3, arbitrary: tags }, textOf(schema))] as const;
    // Of few keys, so that some come again, with the same body or another.
    if (name === "Idempotency-Key")
      return [name, fc.oneof(fc.constantFrom(...KEYS), textOf(schema))] as const;
    return [name, textOf(schema)] as const;
  });
  return fc.record(
    {
      ...Object.fromEntries<Arbitrary<string | TagChoice>>(declared),
      origin: fc.constantFrom("https://app.example.com", "https://other.example.com"),
      "cache-control": fc.constantFrom("no-cache", "no-store", "max-age=3", "max-age=x"),
    },
    { requiredKeys: [] },
  );
}

const KEYS = ["key-1", "key-2", "key-3", "key-4", '"key-1"'];

/** Our file does not describe their bodies: RingCentral's documentation does. */
const notifications = (operation: Operation) =>
  requests(operation).chain((request) =>
    fc.record<GeneratedRequest>(
      {
        path: fc.constant(request.path),
        query: fc.constant(request.query),
        rawQuery: fc.constant(""),
        token: fc.constant(request.token),
        headers: fc.record({ "validation-token": fc.oneof(fc.uuid(), oddTexts) }),
        body: fc.oneof(
          fc.record({ uuid: fc.uuid(), event: fc.string(), body: fc.jsonValue() }),
          fc.jsonValue(),
          fc.string(),
        ),
        mutations: fc.constant([]),
      },
      { requiredKeys: ["path", "query", "rawQuery", "token", "headers", "mutations"] },
    ),
  );

function parameterOf(name: string, schema: Schema): Arbitrary<string | CursorChoice> {
  if (name === "cursor") return fc.constant({ cursor: "own" } as const);
  return name === "phoneNumber" ? fc.oneof(phoneNumbers, textOf(schema)) : textOf(schema);
}

export const textOf = (schema: Schema): Arbitrary<string> =>
  fitting(schema).map((value) => (Array.isArray(value) ? value.join(",") : String(value)));
