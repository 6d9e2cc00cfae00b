import fc, { type Arbitrary } from "fast-check";
import { resolved, type Schema } from "./document.ts";

/** Values that fit a schema of the OpenAPI file, those of its examples among them. */
export function fitting(schema: Schema): Arbitrary<unknown> {
  const { type, examples = [], ...rules } = resolved(schema);
  const generated = byType({ ...rules, ...(type !== undefined && { type }) });
  return examples.length === 0 || type === "object"
    ? generated
    : fc.oneof(fc.constantFrom(...examples), generated);
}

function byType(schema: Schema): Arbitrary<unknown> {
  const { type, enum: values, pattern, minLength = 0, maxLength = 40, minimum, maximum } = schema;
  switch (type) {
    case "string":
      if (values !== undefined) return fc.constantFrom(...values);
      if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, "u"), { maxLength });
      return fc.oneof(
        {
          weight: 4,
          arbitrary: fc.string({ unit: "binary", minLength, maxLength: Math.min(maxLength, 40) }),
        },
        { weight: 1, arbitrary: fc.constantFrom("x".repeat(maxLength), "é".repeat(Math.max(1, minLength))) },
      );
    case "integer":
      return fc.integer({ min: minimum ?? 0, max: maximum ?? 1000 });
    case "boolean":
      return fc.boolean();
    case "array": {
      const { items = {}, minItems = 0, maxItems = 5 } = schema;
      return fc.array(fitting(items), { minLength: minItems, maxLength: Math.min(maxItems, 5) });
    }
    case "object": {
      const { properties = {}, required = [] } = schema;
      const members: Record<string, Arbitrary<unknown>> = {};
      for (const [name, member] of Object.entries(properties)) {
        const fits = fitting(member);
        members[name] =
          name === "phoneNumber" ? fc.oneof({ weight: 3, arbitrary: phoneNumbers }, fits) : fits;
      }
      return fc.record(members, { requiredKeys: required });
    }
    default:
      // JSON that the service takes for an attack wherever it stands.
      return fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"__proto__"'));
  }
}

/** Free text is hardly ever a number. */
export const phoneNumbers = fc.integer({ min: 100, max: 199 }).map((line) => `+12025550${line}`);

export const LONE_SURROGATES = ["\ud800", "a\udfffb", "\udc00\ud800"];

/** Texts that parsers, databases and logs have stumbled over. */
export const oddTexts = fc.constantFrom(
  ...["", " ", "\t", "\u0000", "\u0000\u0001\u001f", "\u200b", "\u202e", "\ufeff", "\u{1f4f1}", "e\u0301"],
  ...["null", "undefined", "true", "0", "-0", "1e999", "NaN", "__proto__", "constructor", "toString", "then"],
  ...[
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    `\${jndi:ldap://x}`,
    "{{7*7}}",
    "$(id)",
    "../../etc/passwd",
  ],
  ...[
    "%00",
    "%2e%2e%2f",
    "%ff",
    "%",
    "a\r\nx-injected: 1",
    "\\",
    '"',
    ",",
    ";",
    "&",
    "=",
    "#",
    "?",
    "*",
    "~",
  ],
  ...[
    "١٢٣",
    "１２３",
    "+1",
    "+",
    "00",
    "anonymous",
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(256),
    "9".repeat(400),
  ],
);

const numbers = fc.constantFrom(
  ...[-1, -0, 0.5, 1e21, 1e308, Number.MAX_SAFE_INTEGER + 2, -Number.MAX_VALUE, 2 ** 31, 2 ** 63],
);

/** Values of any type, for a place where another one belongs. */
export const oddValues: Arbitrary<unknown> = fc.oneof(
  oddTexts,
  fc.constantFrom(...LONE_SURROGATES),
  numbers,
  fc.constantFrom<unknown[]>(null, true, false, [], {}, [[]], [null], { length: 1 }, [1, 2, 3]),
  fc.jsonValue({ maxDepth: 4 }),
);

/** Lengths and sizes at the bounds of a schema and just beyond them. */
export function boundary(schema: Schema): Arbitrary<unknown> {
  const {
    type,
    minLength = 0,
    maxLength = 255,
    minimum = 0,
    maximum = 1000,
    maxItems = 30,
    items = {},
  } = resolved(schema);
  if (type === "integer") {
    return fc.constantFrom(minimum - 1, minimum, maximum, maximum + 1);
  }
  if (type === "array") {
    return fc
      .tuple(fitting(items), fc.constantFrom(0, maxItems, maxItems + 1))
      .map(([item, length]) => Array.from({ length }, () => item));
  }
  const lengths = fc.constantFrom(Math.max(0, minLength - 1), minLength, maxLength, maxLength + 1);
  return fc
    .tuple(lengths, fc.constantFrom("1", "x", "é", "\u{1f4f1}"))
    .map(([length, unit]) => unit.repeat(length));
}

/** The value once in so many times, else nothing. */
export const rarely = <Value>(times: number, value: Arbitrary<Value>): Arbitrary<Value | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
