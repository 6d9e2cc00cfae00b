import type { ForwardingNumber } from "../../contract/forwarding-numbers.ts";
import { ProblemError } from "../../contract/problems.ts";
import * as operations from "../../ringcentral/api/call-handling.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { Operation } from "../../ringcentral/api/operation.ts";
import { getForwardingNumber as getLegacyNumber } from "../../ringcentral/api/operations.ts";
import type { WireList } from "../../ringcentral/api/wire.ts";
import type { WireRule } from "../../ringcentral/api/wire-call-handling.ts";
import type { NumbersRequest } from "../shared/request.ts";
import { pagesOf, readWholeList } from "../shared/upstream-list.ts";
import type { Backend } from "./backend.ts";
import { findById, type NaturalId, naturalIds, shownIds } from "./ids.ts";
import { type ForwardingState, type Item, joinNumbers, legacyKey } from "./items.ts";
import { toForwardingNumber } from "./legacy-numbers.ts";
import type { ForwardingDeps } from "./on-backend.ts";
import { isSameTarget } from "./requested.ts";
import { numberKey } from "./targets.ts";

/** What the new call handling has of an extension: 1 Light call and 2 Medium ones, unless they are cached. */
export async function readState(
  { ringcentral }: Pick<ForwardingDeps, "ringcentral">,
  { extensionId, call }: NumbersRequest,
): Promise<ForwardingState> {
  const path = { extensionId };
  const rules = (list: Operation<WireList<WireRule>>) =>
    readWholeList(pagesOf(ringcentral, list, { path }, call));
  const [flips, stateRules, interactionRules] = await Promise.all([
    ringcentral.call(operations.readFlips, { path }, call),
    rules(operations.listStateRules),
    rules(operations.listInteractionRules),
  ]);
  return { flips, stateRules, interactionRules };
}

/** An extension's numbers on the new call handling, with their ids. */
export class NewNumbers {
  readonly items: readonly Item[];
  readonly #deps: ForwardingDeps;
  readonly #request: NumbersRequest;
  readonly #backend: Pick<Backend, "aliases" | "knowsAliases">;
  readonly #idOf: NaturalId;
  readonly #shown: ReadonlyMap<Item, string>;

  constructor(
    deps: ForwardingDeps,
    request: NumbersRequest,
    state: ForwardingState,
    backend: Pick<Backend, "aliases" | "knowsAliases">,
    idOf: NaturalId,
  ) {
    [this.#deps, this.#request, this.#backend, this.#idOf] = [deps, request, backend, idOf];
    this.items = joinNumbers(state, request.extensionId);
    this.#shown = shownIds(this.items, backend.aliases, idOf);
  }

  /** Reads them, from the cache if the caller allows it. */
  static async read(deps: ForwardingDeps, request: NumbersRequest, backend: Backend): Promise<NewNumbers> {
    const [state, idOf] = await Promise.all([readState(deps, request), idsOf(deps, request)]);
    return new NewNumbers(deps, request, state, backend, idOf);
  }

  show(item: Item): ForwardingNumber {
    return { id: this.#shown.get(item) ?? "", ...item.number };
  }

  byKey(key: string): Item | undefined {
    return this.items.find(({ keys }) => keys.includes(key));
  }

  /** The outside number, however RingCentral spells it. */
  byNumber(phoneNumber: string): Item | undefined {
    const known = this.byKey(numberKey(phoneNumber));
    return known ?? this.items.find(({ number }) => isSameTarget(number, { phoneNumber }));
  }

  /**
   * The number of an id: as shown, as given out earlier, or as legacy call handling still knows it. @throws
   * ProblemError `not_found`; `storage_unavailable` when the table is away and the id is not known without it
   */
  async byId(id: string): Promise<Item> {
    const known = findById(id, this.items, this.#backend.aliases, this.#idOf);
    const found = known ?? (await this.#byFormerSecret(id)) ?? (await this.#byLegacyId(id));
    if (found !== undefined) return found;
    // An id from before the move, or from before a change of its number, is known from the table only.
    throw this.#backend.knowsAliases ? notFound() : new ProblemError("storage_unavailable");
  }

  async #byFormerSecret(id: string): Promise<Item | undefined> {
    const secrets = await this.#deps.acceptedSecrets(this.#request.call.deadline);
    return secrets
      .map((secret) => findById(id, this.items, this.#backend.aliases, naturalIds(secret, this.#request)))
      .find((item) => item !== undefined);
  }

  /** An id that was given out before ids were remembered. Legacy call handling may still have it [observed: SNAP]. */
  async #byLegacyId(forwardingNumberId: string): Promise<Item | undefined> {
    const { extensionId, call } = this.#request;
    const input = { path: { extensionId, forwardingNumberId } };
    try {
      const wire = await this.#deps.ringcentral.call(getLegacyNumber, input, { ...call, fresh: true });
      const key = legacyKey(toForwardingNumber(wire, extensionId), extensionId);
      return key === undefined ? undefined : this.byKey(key);
    } catch (error) {
      if (error instanceof RingCentralError) return undefined;
      throw error;
    }
  }
}

/** The natural ids of the request's extension. */
export async function idsOf(
  { credentials }: Pick<ForwardingDeps, "credentials">,
  request: NumbersRequest,
): Promise<NaturalId> {
  return naturalIds(await credentials.current(request.call.deadline), request);
}

export function notFound(): ProblemError {
  return new ProblemError("not_found", { detail: "The forwarding number was not found." });
}
