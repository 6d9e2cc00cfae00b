import * as z from "zod/mini";
import { dialedDigits, type TextFault } from "./phone-number-text.ts";

/** Ids of accounts and extensions are decimal; longer digit strings are rejected before anything is sent. */
export const ID_PATTERN = /^[0-9]{1,20}$/;

export const Id = z
  .string()
  .check(
    z.regex(ID_PATTERN, "Must be 1 to 20 digits."),
    z.maxLength(20),
    z.meta({ description: "A RingCentral internal id.", examples: ["3800222"] }),
  );

/**
 * The id of anything else is opaque: one recorded id of a blocked number is the number's digits in base64url [observed:
 * WID]. So such an id is never logged. Its form excludes bulk syntax, dots and slashes.
 */
export const EntryId = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9_-]{1,64}$/,
      "Must be an id as a list gives it: 1 to 64 letters, digits, hyphens or underscores.",
    ),
    z.maxLength(64),
    z.meta({ description: "An opaque id, as a list or a `Location` gives it.", examples: ["901000"] }),
  );

/** The same with an id of the local stack, for the API reference. */
export const entryIdLike = (example: string) =>
  EntryId.check(
    z.meta({ description: "An opaque id, as a list or a `Location` gives it.", examples: [example] }),
  );

export const ExtensionIdOrMe = z.string().check(
  z.regex(/^(?:[0-9]{1,20}|me)$/, "Must be `me` or an extension's id: 1 to 20 digits."),
  z.maxLength(20),
  z.meta({
    description: "RingCentral's internal extension id, or `me`: the extension in the token.",
    examples: ["me"],
  }),
);

export const MAX_LIMIT = 1000;
export const DEFAULT_LIMIT = 100;

/** `limit` as it arrives: decimal text. */
export const Limit = z._default(
  z.pipe(
    z.string().check(z.regex(/^[0-9]{1,4}$/, `Must be a whole number from 1 to ${MAX_LIMIT}.`)),
    z.pipe(z.transform(Number), z.int().check(z.minimum(1), z.maximum(MAX_LIMIT))),
  ),
  DEFAULT_LIMIT,
);

export const Cursor = z
  .string()
  .check(
    z.regex(/^[A-Za-z0-9_.-]+$/, "Must be the `nextCursor` of a page."),
    z.minLength(1),
    z.maxLength(2048),
  );

/** ISO 3166-1 alpha-2, upper or lower case; says how to read a national phone number. */
export const Country = z
  .string()
  .check(
    z.regex(/^[A-Za-z]{2}$/, "Must be an ISO 3166-1 code of two letters, such as US."),
    z.maxLength(2),
    z.meta({ description: "ISO 3166-1 country of a number written in national form.", examples: ["US"] }),
  );

/** A check that names what a text is not, with a code of its own. */
const checkText = (faultOf: (text: string) => TextFault | undefined) =>
  z.check<string>(({ value, issues }) => {
    const fault = faultOf(value);
    if (fault === undefined) return;
    issues.push({ code: "custom", input: value, message: fault.detail, params: { code: fault.code } });
  });

/**
 * A number in any writing: E.164, national form together with `country`, or `tel:`. It has no pattern, because only
 * lib/numbers/shared/phone-number-input.ts says which digits are a number.
 */
export const PhoneNumberText = z.string().check(
  z.maxLength(200),
  checkText((text) => {
    const digits = dialedDigits(text);
    return typeof digits === "string" ? undefined : digits;
  }),
  z.meta({
    description:
      "A phone number as phones and people write it: in E.164, in national form together with `country`, or as `tel:`. " +
      "Spaces, dashes, digits of any script and invisible marks are understood.",
    examples: ["+12025550186"],
    minLength: 1,
  }),
);

/** For lists: only the entries of one number. */
export const NumberQuery = {
  phoneNumber: z.optional(
    PhoneNumberText.check(z.meta({ description: "Only the entries of this number, in any writing." })),
  ),
  country: z.optional(Country),
};

/** Control characters and line breaks, without `\p{…}`, which only some validators of the OpenAPI file read. */
const CONTROL = String.raw`\u0000-\u001f\u007f-\u009f\u2028\u2029`;

/** Text that a person typed, with its letters composed. Lengths count UTF-16 code units, as RingCentral's do [unsure]. */
export const ShortText = z.string().check(
  z.trim(),
  z.normalize("NFC"),
  z.maxLength(60),
  z.regex(new RegExp(`^[^${CONTROL}]*$`), "Must not contain control characters or line breaks."),
  checkText((text) => textFaults.find(({ found }) => found.test(text))),
  z.meta({ minLength: 1 }),
);

const textFaults: readonly (TextFault & { found: RegExp })[] = [
  // The schema counts characters as JSON Schema does, an emoji as one.
  {
    found: /^[\s\S]{61}/,
    code: "too_long",
    detail: "Must have at most 60 characters; most emoji count as two.",
  },
  {
    found: /\p{Cs}/u,
    code: "format",
    detail: "Must be well-formed Unicode: one half of a surrogate pair stands alone.",
  },
  {
    found: /[\u202d\u202e]/,
    code: "format",
    detail: "Must not override the direction of text (U+202D, U+202E).",
  },
  {
    found: /^[\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]*$/u,
    code: "too_short",
    detail: "Must have a character that can be seen.",
  },
];

export const Label = ShortText.check(
  z.meta({ description: "A free name. Most emoji count as two characters.", examples: ["Robocaller"] }),
);

/** Marks a text as a comma-separated set of these values, for the OpenAPI builder. */
export const SET_VALUES = "x-set-values";

/** A comma-separated set of the given values, such as `DirectNumber,MainCompanyNumber`. */
export function setOf<const Values extends readonly [string, ...string[]]>(
  values: Values,
  description: string,
) {
  const known: ReadonlySet<string> = new Set(values);
  return z
    .pipe(
      z.pipe(
        z.string().check(z.maxLength(1000)),
        z.transform((text) => [...new Set(text.split(","))]),
      ),
      z.array(z.enum(values)).check(z.minLength(1), z.maxLength(known.size)),
    )
    .check(z.meta({ description, [SET_VALUES]: values }));
}
