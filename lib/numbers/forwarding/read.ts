import type { ForwardingNumber } from "../../contract/forwarding-numbers.ts";
import type { Page, Position } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import { listOrLookUp } from "../shared/look-up.ts";
import type { ListRequest, NumbersRequest } from "../shared/request.ts";
import type { Backend } from "./backend.ts";
import { aliasesOf } from "./ids.ts";
import * as legacy from "./legacy-numbers.ts";
import { idsOf, NewNumbers } from "./new-numbers.ts";
import { type ForwardingDeps, onBackend } from "./on-backend.ts";

/** Where the extension's calls can be forwarded or flipped to, on either call-handling backend. */
export function listForwardingNumbers(
  deps: ForwardingDeps,
  request: ListRequest,
): Promise<Page<ForwardingNumber>> {
  return listOrLookUp(request, (page) => listForwardingPage(deps, { ...request, page }));
}

export function listForwardingPage(
  deps: ForwardingDeps,
  request: ListRequest,
): Promise<Page<ForwardingNumber>> {
  return onBackend(deps, request, {
    legacy: (backend) => listLegacy(deps, request, backend),
    new: (backend) => listNew(deps, request, backend),
  });
}

/** One number of the list. */
export async function getForwardingNumber(
  deps: ForwardingDeps,
  request: NumbersRequest & { path: { forwardingNumberId: string } },
): Promise<ForwardingNumber> {
  return onBackend(deps, request, {
    legacy: () => legacy.getForwardingNumber(deps, request),
    new: async (backend) => {
      const numbers = await NewNumbers.read(deps, request, backend);
      return numbers.show(await numbers.byId(request.path.forwardingNumberId));
    },
  });
}

/**
 * A position names the numbers already given out, by the starts of their natural ids. So paging continues where it was
 * when the extension moves between two pages. Longer lists, which RingCentral does not have, continue by offset only.
 */
const TAG_LENGTH = 8;
const MAX_TAGS = 100;

const tagsIn = (position: Position | undefined): string[] | undefined =>
  typeof position?.seen === "string"
    ? (position.seen.match(new RegExp(`.{${TAG_LENGTH}}`, "g")) ?? [])
    : undefined;
const tagOf = (natural: string) => natural.slice(0, TAG_LENGTH);

async function listLegacy(
  deps: ForwardingDeps,
  request: ListRequest,
  backend: Backend,
): Promise<Page<ForwardingNumber>> {
  const [{ next, ...page }, idOf] = await Promise.all([
    legacy.listForwardingNumbers(deps, request),
    idsOf(deps, request),
  ]);
  const aliases = aliasesOf(page.items, request.extensionId, idOf);
  await backend.remember(aliases);
  const { position } = request.page;
  const seen = [...(tagsIn(position) ?? []), ...aliases.map(([, natural]) => tagOf(natural))];
  const isWhole = (position === undefined || "seen" in position) && seen.length <= MAX_TAGS;
  return {
    ...page,
    ...(next && { next: { ...next, ...(isWhole && { seen: seen.join("") }) } }),
    callHandling: "legacy",
  };
}

/** All of them fit in one reading, so that a page costs no more than the whole list. */
async function listNew(
  deps: ForwardingDeps,
  request: ListRequest,
  backend: Backend,
): Promise<Page<ForwardingNumber>> {
  const { limit, position } = request.page;
  const seen = tagsIn(position) ?? [];
  if (position !== undefined && seen.length === 0) {
    const detail = "RingCentral serves this list in another way now. Start again without a cursor.";
    throw new ProblemError("cursor_invalid", { detail });
  }
  const asOf = deps.clock.now();
  const [numbers, idOf] = await Promise.all([NewNumbers.read(deps, request, backend), idsOf(deps, request)]);
  const tagsOf = (keys: readonly string[]) => keys.map((key) => tagOf(idOf(key)));
  const left = numbers.items.filter(({ keys }) => !tagsOf(keys).some((tag) => seen.includes(tag)));
  const items = left.slice(0, limit);
  const given = [...seen, ...items.flatMap(({ keys }) => tagsOf(keys).slice(0, 1))];
  return {
    items: items.map((item) => numbers.show(item)),
    ...(left.length > limit && { next: { seen: given.join("") } }),
    total: numbers.items.length,
    source: "live",
    asOf,
    callHandling: "new",
  };
}
