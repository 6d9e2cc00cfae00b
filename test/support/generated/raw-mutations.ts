import fc, { type Arbitrary } from "fast-check";

/** A request as the lines and bytes that go through a socket. */
export interface RawRequest {
  method: string;
  target: string;
  version: string;
  headers: string[];
  body: string;
  lineEnd: string;
}

interface RawMutation {
  name: string;
  apply(request: RawRequest): RawRequest;
}
const mutation = <Value>(
  name: string,
  values: readonly Value[],
  apply: (request: RawRequest, value: Value) => RawRequest,
): Arbitrary<RawMutation> =>
  fc.constantFrom(...values).map((value) => ({ name, apply: (request) => apply(request, value) }));

const withHeaders = (request: RawRequest, ...headers: string[]) => ({
  ...request,
  headers: [...request.headers, ...headers],
});
const withoutLength = ({ headers, ...request }: RawRequest) => ({
  ...request,
  headers: headers.filter((line) => !/^content-length/i.test(line)),
});
const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
/** A second request, which must not be served as another caller's. */
const SMUGGLED = "GET /v1/extensions/3800333/blocked-numbers HTTP/1.1\r\nHost: x\r\n\r\n";

/** What a client library would not let pass. */
export const rawMutations: Arbitrary<RawMutation>[] = [
  mutation(
    "method",
    [
      "HEAD",
      "OPTIONS",
      "TRACE",
      "PATCH",
      "PUT",
      "DELETE",
      "POST",
      "get",
      "BREW",
      "G\u0000T",
      "x".repeat(3_000),
    ],
    (request, method) => ({ ...request, method }),
  ),
  mutation(
    "version",
    ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 x", "http/1.1", "HTTP/1.12", ""],
    (request, version) => ({
      ...request,
      version,
    }),
  ),
  mutation(
    "target",
    [
      ...[
        "//",
        "/../",
        "/./",
        "/%2e%2e/",
        "/%2f/",
        "/%00",
        "/%zz",
        "/;x",
        "\\",
        "/%c0%af",
        "/\u00e9",
        "/%ED%A0%80",
      ],
      ...[
        "?%zz",
        "?a=%00",
        "?\u00ff=\u00ff",
        "?a[]=1&a=2",
        `?${"a=1&".repeat(2_000)}`,
        "#fragment",
        " x",
        "\tx",
        "*",
      ],
    ],
    (request, end) => ({ ...request, target: `${request.target}${end}` }),
  ),
  mutation(
    "absolute target",
    ["http://evil.example", "http://127.0.0.1:1", "https://x@y"],
    (request, origin) => ({
      ...request,
      target: `${origin}${request.target}`,
    }),
  ),
  mutation("case of headers", ["upper", "lower"], (request, kind) => ({
    ...request,
    headers: request.headers.map((line) =>
      line.replace(/^[^:]+/, (name) => (kind === "upper" ? name.toUpperCase() : name.toLowerCase())),
    ),
  })),
  mutation(
    "odd header",
    [
      ...[
        "X: \u00ff\u00fe",
        "X: \u0001",
        "X : 1",
        ": 1",
        "X",
        " folded",
        "X:\t1",
        "X: a\rb",
        "Set-Cookie: x=1",
        "Host: evil.example",
      ],
      ...[
        "Content-Length: 0",
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: 0x10",
        "Content-Length: 1, 1",
      ],
      ...[
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: identity",
        "TE: trailers",
      ],
      ...[
        "Expect: 100-continue",
        "Expect: x",
        "Upgrade: h2c",
        "Upgrade: websocket",
        "Connection: keep-alive, X",
        "Authorization: Bearer x",
      ],
      ...[
        "X-Forwarded-Host: evil.example",
        "X-HTTP-Method-Override: DELETE",
        "X-Amzn-Trace-Id: Root=x",
        "Accept-Encoding: br;q=x",
      ],
      ...[
        "Content-Type: text/plain",
        "Content-Encoding: gzip",
        "If-None-Match: *",
        "Range: bytes=0-0",
        "__proto__: x",
        "constructor: x",
      ],
    ],
    (request, line) => withHeaders(request, line),
  ),
  mutation("huge headers", [1, 20, 300, 3_000], (request, count) =>
    withHeaders(
      request,
      ...Array.from({ length: count }, (_, n) => `X-${n}: ${"x".repeat(n === 0 ? 9_000 : 20)}`),
    ),
  ),
  mutation(
    "chunked",
    ["Chunked", "chunked", " chunked", "chunked, identity", "xchunked", "chunked\r\nTransfer-Encoding: x"],
    (request, name) => ({
      ...withHeaders(withoutLength(request), `Transfer-Encoding: ${name}`),
      body: chunked(request.body),
    }),
  ),
  mutation(
    "odd chunks",
    [
      "zz\r\n{}\r\n0\r\n\r\n",
      "-1\r\n",
      "ffffffffffffffff\r\n",
      "2;x=y\r\n{}\r\n0\r\nX: 1\r\n\r\n",
      "0\r\n\r\n",
    ],
    (request, body) => ({
      ...withHeaders(withoutLength(request), "Transfer-Encoding: chunked"),
      body,
    }),
  ),
  mutation("length and chunks", [0, 4, 50], (request, length) => ({
    ...withHeaders(withoutLength(request), `Content-Length: ${length}`, "Transfer-Encoding: chunked"),
    body: `0\r\n\r\n${SMUGGLED}`,
  })),
  mutation("two lengths", [0, 5], (request, length) => ({
    ...withHeaders(request, `Content-Length: ${length}`),
    body: `${request.body}${SMUGGLED}`,
  })),
  mutation("more than the length", [SMUGGLED, "x", "\r\n\r\n", "\u0000".repeat(100)], (request, more) => ({
    ...request,
    body: `${request.body}${more}`,
  })),
  mutation("less than the length", [1, 1_000], (request, more) =>
    withHeaders(withoutLength(request), `Content-Length: ${Buffer.byteLength(request.body) + more}`),
  ),
  mutation("body", ["{", "\u0000", "[".repeat(50_000), "x".repeat(200_000)], (request, body) => ({
    ...withHeaders(
      withoutLength(request),
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
    ),
    body,
  })),
  mutation("line ends", ["\n", "\r", "\r\n\r\n", "\u0000\r\n"], (request, lineEnd) => ({
    ...request,
    lineEnd,
  })),
  mutation("no host", [1], ({ headers, ...request }) => ({ ...request, headers: headers.slice(1) })),
];
