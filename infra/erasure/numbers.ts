import * as z from "zod/mini";
import { compress, decompress } from "../../lib/platform/compression.ts";

const Compressed = z.object({ deflated: z.string() });
const Numbered = z.looseObject({
  extension: z.optional(z.looseObject({ id: z.string() })),
});
const Change = z.looseObject({ phoneNumber: z.optional(Numbered) });
const Page = z.looseObject({ other: z.array(Numbered) });
const Manifest = z.object({ chunks: z.array(z.object({ key: z.string() })) });

/** The JSON of a compressed record. */
export async function inflated(value: unknown): Promise<unknown> {
  const { deflated } = Compressed.parse(value);
  return JSON.parse(await decompress(deflated));
}
const deflated = async (value: unknown) => ({ deflated: await compress(JSON.stringify(value)) });

/** Who has the number is left out, and so are the texts that may name the person. The number is the company's. */
const withoutPerson = ({
  extension: _,
  label: __,
  callerIdName: ___,
  ...number
}: z.output<typeof Numbered>) => number;

/** A chunk of numbers without the extension's person. @returns undefined when the extension is not in it */
export async function redactedChunk(value: unknown, extensionId: string) {
  const numbers = z.array(Numbered).parse(await inflated(value));
  const isTheirs = ({ extension }: z.output<typeof Numbered>) => extension?.id === extensionId;
  if (!numbers.some(isTheirs)) return undefined;
  return deflated(numbers.map((number) => (isTheirs(number) ? withoutPerson(number) : number)));
}

/** A part of the feed without the extension's person. @returns undefined when the extension is not in it */
export async function redactedChanges(value: unknown, extensionId: string) {
  const changes = z.array(Change).parse(await inflated(value));
  const isTheirs = ({ phoneNumber }: z.output<typeof Change>) => phoneNumber?.extension?.id === extensionId;
  if (!changes.some(isTheirs)) return undefined;
  return deflated(
    changes.map((change) =>
      isTheirs(change) && change.phoneNumber !== undefined
        ? { ...change, phoneNumber: withoutPerson(change.phoneNumber) }
        : change,
    ),
  );
}

/** Whether a page that a run has staged names the extension. The rest of a long page is a plain list. */
export async function isStaged(value: unknown, extensionId: string): Promise<boolean> {
  const stored = await inflated(value);
  const numbers = Array.isArray(stored) ? z.array(Numbered).parse(stored) : Page.parse(stored).other;
  return numbers.some(({ extension }) => extension?.id === extensionId);
}

export const chunksOf = async (manifest: unknown) =>
  Manifest.parse(await inflated(manifest)).chunks.map(({ key }) => `chunk#${key}`);

/** A compressed list of ids without one. @returns undefined when it is not in it */
export async function withoutId(value: unknown, id: string) {
  const ids = z.array(z.string()).parse(await inflated(value));
  return ids.includes(id) ? deflated(ids.filter((one) => one !== id)) : undefined;
}
