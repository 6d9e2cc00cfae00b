import type { CallHandling } from "../data/call-handling.ts";
import { callHandlingOf, moveInstant } from "../data/move.ts";
import { outsideEdits } from "../data/outside-writer.ts";
import { addUnknownTypes } from "../data/unknown-types.ts";
import { type Account, type Extension, findAccount, findExtension } from "../data/world.ts";
import { OptionError } from "../options.ts";
import type { Platform } from "./platform.ts";
import type { When } from "./schedule.ts";

/**
 * The subject of a move: an extension, or an account with those of its extensions that have no own instant.
 */
export interface Move {
  extensionId?: string;
  accountId?: string;
  /** Moves back; no public case is known [unsure]. */
  to?: "new" | "legacy";
}

/** The control of the two call-handling backends. */
export interface CallHandlingControl {
  /** Moves now, or just before a later call. */
  move(move: Move, when?: When): void;
  /**
   * Lets another app edit a moved extension, now or just before a later call.
   * @param kind one of `outsideEdits`; absent: random
   */
  editOutside(extensionId: string, kind?: string, when?: When): void;
  /** The other app's edits that an extension lacks; empty when none is lost. */
  lostEdits(extensionId: string): string[];
}

export function createCallHandlingControl(platform: Platform, mainAccountId: string): CallHandlingControl {
  const { schedule, outsideWriter, clock } = platform;
  const find = (extensionId: string) => {
    const { world } = platform;
    return callHandlingOf(world, findExtension(world, extensionId), clock.now());
  };
  return {
    move({ extensionId, accountId = mainAccountId, to = "new" }, when = {}) {
      const { world } = platform;
      const target: Account | Extension =
        extensionId === undefined ? findAccount(world, accountId) : findExtension(world, extensionId);
      schedule.add(when, () => moveNow(platform, target, to));
    },
    editOutside(extensionId, kind, when = {}) {
      if (kind !== undefined && !outsideEdits.includes(kind)) throw new OptionError(`no such edit: ${kind}`);
      findExtension(platform.world, extensionId);
      schedule.add(when, () => {
        const callHandling = find(extensionId);
        if (callHandling === undefined) throw new OptionError(`extension ${extensionId} has not moved`);
        letOthersEdit(platform, findExtension(platform.world, extensionId), callHandling, kind);
      });
    },
    lostEdits(extensionId) {
      const callHandling = find(extensionId);
      return callHandling === undefined ? [] : outsideWriter.lostEdits(extensionId, callHandling);
    },
  };
}

function moveNow(platform: Platform, target: Account | Extension, to: "new" | "legacy"): void {
  const { world, clock, settings, webhooks } = platform;
  target.movesAt = to === "new" ? clock.now() : Number.POSITIVE_INFINITY;
  const affected = "extensions" in target ? [...target.extensions.values()] : [target];
  for (const extension of affected) {
    if (to === "legacy") delete extension.callHandling;
    // Extensions without forwarding numbers, most of a large account, follow at their first call.
    if (extension.forwarding.length > 0) callHandlingOf(world, extension, clock.now());
    const account = findAccount(world, extension.accountId);
    const isMoved = moveInstant(account, extension) <= clock.now();
    if (isMoved && settings.moveHint) webhooks.extensionChanged(world, account, extension.id, "Features");
  }
}

function letOthersEdit(
  { world, webhooks, settings, outsideWriter }: Platform,
  extension: Extension,
  callHandling: CallHandling,
  kind?: string,
): void {
  const made = outsideWriter.edit(extension.id, callHandling, kind);
  if (!settings.ruleEditHint || !made.endsWith("-target")) return;
  webhooks.extensionChanged(world, findAccount(world, extension.accountId), extension.id, "AnsweringRules");
}

/** The events before a call on an extension: its move, and other apps' edits between two calls. */
export function beforeExtensionCall(platform: Platform, extension: Extension): void {
  const { world, clock, settings } = platform;
  const callHandling = callHandlingOf(world, extension, clock.now());
  if (callHandling === undefined) return;
  if (settings.unknownRuleTypes) addUnknownTypes(callHandling);
  platform.callsOnMoved += 1;
  const every = settings.outsideWriterEvery;
  if (every > 0 && platform.callsOnMoved % every === 0) letOthersEdit(platform, extension, callHandling);
}
