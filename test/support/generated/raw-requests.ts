import fc, { type Arbitrary } from "fast-check";
import { bodyOf, type Operation, operations, parametersIn } from "./document.ts";
import { type RawRequest, rawMutations } from "./raw-mutations.ts";
import { fitting, rarely } from "./values.ts";

/** What one connection sends. */
export interface RawExchange {
  bytes: Buffer;
  /** Sent in two parts with a pause, at this byte. */
  splitAt?: number;
  /** The sender ends its half before there is a response. */
  ends: boolean;
  names: string[];
}

export interface RawSender {
  host: string;
  token: string;
}

const written = ({ method, target, version, headers, body, lineEnd }: RawRequest) =>
  [`${method} ${target}${version === "" ? "" : ` ${version}`}`, ...headers, "", body].join(lineEnd);

/** A request of the OpenAPI file, as a plain client writes it. */
function plain(operation: Operation, { host, token }: RawSender): Arbitrary<RawRequest> {
  const body = bodyOf(operation);
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    name === "extensionId" ? "me" : "901000",
  );
  const names = parametersIn(operation, "query").map(({ name }) => name);
  return fc
    .record({
      text: body === undefined ? fc.constant("") : fitting(body.schema).map((value) => JSON.stringify(value)),
      query: fc.subarray(names, { maxLength: Math.min(2, names.length) }),
      isSigned: fc.boolean(),
    })
    .map(({ text, query, isSigned }) => ({
      method: operation.method,
      target: `${path}${query.length > 0 ? `?${query.map((name) => `${name}=1`).join("&")}` : ""}`,
      version: "HTTP/1.1",
      headers: [
        `Host: ${host}`,
        "Connection: close",
        ...(isSigned ? [`Authorization: Bearer ${token}`] : []),
        ...(text === ""
          ? []
          : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(text)}`]),
      ],
      body: text,
      lineEnd: "\r\n",
    }));
}

/** What connections send: requests of the OpenAPI file with up to three changes that a client library would not let pass. */
export const rawExchanges = (sender: RawSender): Arbitrary<RawExchange> =>
  fc
    .record({
      request: fc.oneof(...operations.map((operation) => plain(operation, sender))),
      changes: fc.array(fc.oneof(...rawMutations), { maxLength: 3 }),
      split: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 2 }),
      cut: rarely(10, fc.double({ min: 0.5, max: 1, noNaN: true })),
      // Node drops the response of a half-closed connection.
      ends: fc.nat({ max: 19 }).map((drawn) => drawn === 0),
    })
    .map(({ request, changes, split, cut, ends }) => {
      const whole = Buffer.from(
        written(changes.reduce((changed, { apply }) => apply(changed), request)),
        "latin1",
      );
      const bytes = cut === null ? whole : whole.subarray(0, Math.floor(whole.length * cut));
      return {
        bytes,
        ...(split !== null && { splitAt: Math.floor(bytes.length * split) }),
        ends: ends || cut !== null,
        names: changes.map(({ name }) => name),
      };
    });
