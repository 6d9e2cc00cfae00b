import fc, { type Arbitrary } from "fast-check";
import { bodyMutations } from "./body-mutations.ts";
import { type Operation, parametersIn } from "./document.ts";
import { type Mutation, mutation } from "./mutation.ts";
import type { GeneratedRequest, TokenChoice } from "./request.ts";
import { boundary, oddTexts } from "./values.ts";

/** Every mutation that the operation has a place for. */
export function mutations(operation: Operation): Arbitrary<Mutation> {
  return fc.oneof(
    ...tokenMutations,
    ...headerMutations(operation),
    ...queryMutations(operation),
    ...pathMutations(operation),
    ...bodyMutations(operation),
  );
}

const withHeader = (request: GeneratedRequest, headers: GeneratedRequest["headers"]) => ({
  ...request,
  headers: { ...request.headers, ...headers },
});

const tokenMutations = [
  mutation(
    "another token",
    fc.constantFrom<TokenChoice[]>("none", "readOnly", "otherUser", "service", "person"),
    (request, token) => ({ ...request, token }),
  ),
  mutation("a forged token", fc.nat({ max: 99 }), (request, forged) => ({ ...request, token: { forged } })),
  mutation(
    "no bearer token",
    fc.oneof(
      oddTexts.map((text) => `Bearer ${text}`),
      fc.constantFrom(
        "Basic dHdpbi1hcHA6eA==",
        "Bearer",
        "bearer  x",
        "Bearer a.b.c",
        "Bearer a b",
        "Bearer eyJ.eyJ.",
      ),
      fc.constantFrom(`Bearer ${"a".repeat(9_000)}`, "DPoP x", "Bearer x, Bearer y"),
    ),
    (request, text) => ({ ...request, token: { text } }),
  ),
];

const MEDIA_TYPES = [
  ...[
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
  ],
  ...[
    "application/json; charset=utf-16",
    "application/json; charset=latin1",
    "application/json;charset=UTF-8",
  ],
  ...[
    "APPLICATION/JSON",
    "application/merge-patch+json",
    "application/jsonx",
    "application/json,text/plain",
    "",
    ";",
  ],
];
/** Printable and Latin-1, as the gateway passes header values on. */
const headerTexts = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  }),
  oddTexts.map((text) => text.replaceAll(/[^\x20-\xff]/g, "?")),
);
const STRAY_HEADERS: [string, string[]][] = [
  ["x-http-method-override", ["DELETE", "GET"]],
  ["accept", ["text/html", "*/*;q=0", "application/xml", "application/json;q=x"]],
  ["accept-encoding", ["br", "gzip;q=0", "*;q=0", "zstd, x", "gzip;q=1.0001", "identity;q=0, *;q=0"]],
  ["content-encoding", ["gzip", "br", "x"]],
  ["origin", ["null", "https://app.example.com.evil.example", "HTTPS://APP.EXAMPLE.COM", "*", "file://"]],
  [
    "cache-control",
    ["max-age=-1", "max-age=1e3", "max-age=99999999999999999999", "no-cache=x,,", 'max-age="3"'],
  ],
  ["cookie", ["a=b; a=c", "=", "x".repeat(4_000)]],
  ["x-forwarded-for", ["127.0.0.1", "::1, x"]],
  ["forwarded", ["for=127.0.0.1;host=evil.example;proto=http"]],
  ["range", ["bytes=0-1", "bytes=-1"]],
  ["expect", ["100-continue", "x"]],
  ["if-modified-since", ["Thu, 01 Jan 1970 00:00:00 GMT", "x"]],
];
const strayHeaders = fc
  .constantFrom(...STRAY_HEADERS)
  .chain(([name, values]) => fc.record({ [name]: fc.constantFrom(...values) }));

function headerMutations(operation: Operation): Arbitrary<Mutation>[] {
  const names = parametersIn(operation, "header").map(({ name }) => name);
  return [
    mutation("an odd header", fc.tuple(fc.constantFrom(...names), headerTexts), (request, [name, value]) =>
      withHeader(request, { [name]: value }),
    ),
    mutation("a stray header", strayHeaders, withHeader),
    mutation("a media type", fc.constantFrom(...MEDIA_TYPES), (request, type) =>
      withHeader(request, { "content-type": type }),
    ),
    mutation(
      "a wrong entity tag",
      fc.constantFrom('"x"', "x", '""', "W/", '"a", "b"', "*, *", '"\u00ff"'),
      (request, tag) => withHeader(request, { "if-match": tag, "if-none-match": tag }),
    ),
    mutation("an unquoted entity tag", fc.constant({ tag: "unquoted" } as const), (request, tag) =>
      withHeader(request, { "if-match": tag, "if-none-match": tag }),
    ),
  ];
}

const RAW_QUERIES = [
  ...[
    "%zz=1",
    "__proto__=1",
    "limit=1&limit=2",
    "&&=",
    "toString=x",
    "=",
    "a",
    "%",
    "%E0%A4%A=1",
    "limit=%31",
  ],
  ...[
    "limit[]=1",
    "limit=1;cursor=2",
    "limit=1%00",
    "q=%ED%A0%80",
    "q=%C0%AF",
    "q=%FF%FE",
    "limit=+1",
    "limit=%2B1",
  ],
  ...[
    "LIMIT=1",
    "limit=1&Limit=2",
    "cursor=",
    "cursor=.",
    "cursor=a.b.c",
    "access_token=x",
    "_method=DELETE",
    "?limit=1",
  ],
  `q=${"x".repeat(8_000)}`,
  Array.from({ length: 300 }, (_, n) => `p${n}=${n}`).join("&"),
];

function queryMutations(operation: Operation): Arbitrary<Mutation>[] {
  const parameters = parametersIn(operation, "query");
  const add = (request: GeneratedRequest, pair: GeneratedRequest["query"][number]) => ({
    ...request,
    query: [...request.query, pair],
  });
  const any = [
    mutation("an unknown parameter", fc.tuple(fc.string({ maxLength: 12 }), oddTexts), add),
    mutation("an odd query", fc.constantFrom(...RAW_QUERIES), (request, rawQuery) => ({
      ...request,
      rawQuery,
    })),
  ];
  if (parameters.length === 0) return any;
  const names = fc.constantFrom(...parameters.map(({ name }) => name));
  const bounds = fc
    .constantFrom(...parameters)
    .chain(({ name, schema }) => fc.tuple(fc.constant(name), boundary(schema).map(String)));
  const replace = (request: GeneratedRequest, pair: GeneratedRequest["query"][number]) => ({
    ...request,
    query: [...request.query.filter(([name]) => name !== pair[0]), pair],
  });
  const own = [
    mutation("a wrong parameter", fc.tuple(names, oddTexts), replace),
    mutation("a parameter at its bounds", bounds, replace),
    mutation("a repeated parameter", names, (request, name) => {
      const given = request.query.find(([one]) => one === name) ?? [name, "1"];
      return add(add(request, given), given);
    }),
  ];
  const isPaged = parameters.some(({ name }) => name === "cursor");
  const cursors = [
    mutation("another list's cursor", fc.constant({ cursor: "other" } as const), (request, cursor) =>
      replace(request, ["cursor", cursor]),
    ),
    mutation("a tampered cursor", fc.nat({ max: 500 }), (request, tamper) =>
      replace(request, ["cursor", { cursor: "own", tamper }]),
    ),
  ];
  return [...any, ...own, ...(isPaged ? cursors : [])];
}

/** As the gateway decodes them: a path has no lone surrogate. */
const ODD_IDS = [
  ...[
    "..",
    ".",
    "%2e%2e",
    "%2F",
    "/",
    "a/b",
    "1,2",
    "*",
    "~",
    " ",
    "1 2",
    "-1",
    "1.0",
    "1e3",
    "0x1",
    "ME",
    "me ",
    "M%65",
  ],
  ...[
    "1234567890".repeat(3),
    "١٢٣",
    "3800333",
    "3900111",
    "3800999",
    "0",
    "00",
    "\u0000",
    "me\u0000",
    "x".repeat(3_000),
  ],
];

function pathMutations(operation: Operation): Arbitrary<Mutation>[] {
  const names = parametersIn(operation, "path").map(({ name }) => name);
  if (names.length === 0) return [];
  const texts = fc.oneof(
    fc.constantFrom(...ODD_IDS),
    fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.toWellFormed()),
  );
  return [
    mutation("an odd id", fc.tuple(fc.constantFrom(...names), texts), (request, [name, value]) => ({
      ...request,
      path: { ...request.path, [name]: value },
    })),
  ];
}
