/** What a text is not, for the caller. It never repeats the text. */
export interface TextFault {
  code: string;
  detail: string;
}

/**
 * The digits of a phone number as phones, spreadsheets and people write it, after a `+` where it is international: what
 * everything that reads numbers begins with. Which number the digits stand for is for lib/numbers/shared to say.
 */
export function dialedDigits(text: string): string | TextFault {
  const plain = unwrapped(plainText(text));
  if (typeof plain !== "string") return plain;
  const compact = plain.replace(SEPARATORS, "");
  const digits = compact.replace(/^\++/, "+");
  return /^\+?\d+$/.test(digits) ? digits : faultOf(plain, digits);
}

const SEPARATORS = /[ ()[\]./~_\u00b7\u2022-]+/g;

/** One line in ASCII as far as Unicode has it: no marks of direction or width, every digit one of 0 to 9. */
function plainText(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\p{Pd}\u2212\u30fc\u2043\u02d7]/gu, "-")
    .replace(/[\p{Cf}\p{Variation_Selector}]|\u20e3/gu, "")
    .replace(/[\s\u0085]+/gu, " ")
    .replace(/(?![0-9])\p{Nd}/gu, digitValue)
    .trim();
}

/** Unicode has the digits of each script in a row, from 0 to 9. */
function digitValue(digit: string): string {
  const at = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(at - value - 1))) value += 1;
  return String(value);
}

const URI = /^(?:tel|callto|sms|sips?):(?:\/\/)?/i;

/** The number out of what spreadsheets and links put around it. */
function unwrapped(text: string): string | TextFault {
  // Spreadsheets: ="…" and a leading apostrophe keep a number a text; a column of numbers gives 2,025,550,143 and ….0.
  const cell = text
    .replace(/^="?(.*?)"?$|^"(.*)"$/, "$1$2")
    .trim()
    .replace(/^['\u2018\u2019`] */, "");
  if (/^\+?\d+(?:[.,]\d+)?E\+?\d+$/i.test(cell)) return faults.notation;
  if (URI.test(cell)) return fromUri(cell.replace(URI, ""));
  return /^\d{1,3}(?:,\d{3}){2,}$/.test(cell)
    ? cell.replaceAll(",", "")
    : cell.replace(/^(\+?\d{7,})\.0$/, "$1");
}

/** `tel:` (RFC 3966) and its relatives. A domain as `phone-context` says nothing about the number. */
function fromUri(uri: string): string | TextFault {
  const [subscriber = "", ...parameters] = decoded(uri)
    .replace(/[@?].*$/, "")
    .split(";");
  let context = "";
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (/^(?:ext|isub|postd)$/i.test(name.trim())) return faults.extension;
    if (/^phone-context$/i.test(name.trim()) && /^\+[\d.()-]+$/.test(value)) context = value;
  }
  return subscriber.trim().startsWith("+") ? subscriber : `${context}${subscriber}`;
}

function decoded(uri: string): string {
  try {
    return plainText(decodeURIComponent(uri));
  } catch {
    return uri;
  }
}

const EXTENSION =
  /^\+?\d{3,};?(?:extension|extn?|int|ramal|anexo|poste|dw|\u0434\u043e\u0431|[xpw,;#])[:=]?,*\d{1,7}#?$/i;

function faultOf(plain: string, digits: string): TextFault {
  if (EXTENSION.test(digits)) return faults.extension;
  if (/\p{L}/u.test(digits)) return faults.letters;
  if (/\d(?:[,;|]*\+|[,;|]+)\d/.test(digits)) return faults.several;
  if (/^[*#]/.test(digits)) return faults.serviceCode;
  return plain === "" ? faults.empty : faults.characters;
}

const fault = (code: string, detail: string): TextFault => ({ code, detail });

const faults = {
  empty: fault("too_short", "Has no digits."),
  letters: fault("letters", "Has letters. Write the digits that stand for them."),
  extension: fault("extension", "Has an extension. Send the number without it."),
  several: fault("several", "Holds more than one number. Send one number in one request."),
  notation: fault(
    "notation",
    "Is in scientific notation, which loses digits. Format the spreadsheet's column as text and export it again.",
  ),
  serviceCode: fault("format", "Begins with * or #: that is a code for the phone, not a number."),
  characters: fault(
    "format",
    "Has characters that no phone number has. Write it in E.164, or in national form together with `country`.",
  ),
};
