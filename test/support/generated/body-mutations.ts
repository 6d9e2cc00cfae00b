import fc, { type Arbitrary } from "fast-check";
import { bodyOf, type Operation, resolved } from "./document.ts";
import { type Mutation, mutation } from "./mutation.ts";
import type { GeneratedRequest } from "./request.ts";
import { boundary, LONE_SURROGATES, oddValues } from "./values.ts";

const objectOf = (body: unknown): Record<string, unknown> =>
  typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body } : {};

/** Text that is no JSON, or no usual one. */
const RAW_BODIES = [
  ...[
    "",
    " ",
    "{",
    "[",
    "}",
    "nul",
    "'{}'",
    "{}{}",
    "{}x",
    "{,}",
    '{"a":}',
    "{'a':1}",
    '{"a":1,}',
    "// x\n{}",
    "NaN",
  ],
  ...[
    "\ufeff{}",
    "\u0000{}",
    '{"__proto__":{}}',
    '{"constructor":{"prototype":{}}}',
    '{"phoneNumber":1e999}',
  ],
  ...[
    '{"phoneNumber":"+12025550143","phoneNumber":"+12025550144"}',
    '{"phoneNumber":"\\ud800"}',
    '{"label":"\\u0000"}',
  ],
  ...[
    `"${"x".repeat(70_000)}"`,
    `${"[".repeat(3_000)}${"]".repeat(3_000)}`,
    `{"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}`,
  ],
  ...[
    `{"phoneNumber":${"9".repeat(5_000)}}`,
    '{"phoneNumber":-0}',
    '{"":""}',
    "[{}]",
    "0",
    "false",
    "null",
    '""',
  ],
];

export function bodyMutations(operation: Operation): Arbitrary<Mutation>[] {
  const body = bodyOf(operation);
  const raw = mutation(
    "a malformed body",
    fc.tuple(fc.constantFrom(...RAW_BODIES), fc.boolean()),
    (request, [text, isBase64]) => ({ ...request, body: text, isBase64 }),
  );
  if (body === undefined) return [raw];
  const { properties = {}, required = [] } = resolved(body.schema);
  const names = fc.constantFrom(...Object.keys(properties));
  const bounds = names.chain((name) => fc.tuple(fc.constant(name), boundary(properties[name] ?? {})));
  const set = (request: GeneratedRequest, [name, value]: [string, unknown]) => ({
    ...request,
    body: { ...objectOf(request.body), [name]: value },
  });
  return [
    raw,
    mutation("another value", oddValues, (request, value) => ({ ...request, body: value })),
    mutation("a member of another type", fc.tuple(names, oddValues), set),
    mutation("a lone surrogate", fc.tuple(names, fc.constantFrom(...LONE_SURROGATES)), set),
    mutation("a member at its bounds", bounds, set),
    mutation("an unknown member", fc.tuple(fc.string({ maxLength: 10 }), oddValues), set),
    mutation(
      "a missing member",
      fc.constantFrom(...(required.length > 0 ? required : ["id"])),
      (request, name) => {
        const { [name]: _, ...rest } = objectOf(request.body);
        return { ...request, body: rest };
      },
    ),
    mutation("a cut body", fc.double({ min: 0, max: 1, noNaN: true }), (request, part) => {
      const text = JSON.stringify(request.body) ?? "";
      return { ...request, body: text.slice(0, Math.floor(text.length * part)) };
    }),
  ];
}
