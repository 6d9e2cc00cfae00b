import { ProblemError } from "../../contract/problems.ts";
import { OutcomeUnknown } from "../../contract/write-outcome.ts";
import { earlier } from "../../platform/deadline.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { UNSETTLED_MS } from "../../ringcentral/api/late-effect.ts";
import type { CallContext } from "../../ringcentral/api/operation.ts";
import * as operations from "../../ringcentral/api/operations.ts";
import type { WireCallerBlockingNumber } from "../../ringcentral/api/wire.ts";
import { alreadyListed, isAsAsked } from "../already-listed.ts";
import { toCallerBlockingNumber } from "../caller-blocking.ts";
import type { NumbersDeps, WriteRequest } from "../shared/request.ts";
import { deleteOnce, isGone } from "../shared/write-once.ts";
import { addEntry } from "../write-caller-blocking.ts";
import { type Item, type ItemState, isFinal, NOT_STARTED } from "./items.ts";
import type { Listed } from "./listed.ts";

/** Of one DELETE [docs: BULK]. */
const MAX_REMOVALS = 30;
/** Adds that are marked as sent by one write to the table. After a crash so many are unknown for two minutes. */
const MARKED_ADDS = 8;
/** The least time for another call; the rest is for recording the states and for the response. */
const LEAST_MS = 2_000;
const RESERVE_MS = 1_000;
const NOT_FOUND = 404;
const GONE = 204;

/** One request's work on a batch. */
export interface BatchRun {
  deps: NumbersDeps;
  request: WriteRequest;
  /** Undefined: not to be understood, and rejected. */
  items: readonly (Item | undefined)[];
  /** In the order of the items. */
  states: ItemState[];
  listed: Listed;
  /** Whether this request has found out or sent anything. */
  hasMoved: boolean;
  reject(index: number, error: unknown): void;
  /** Keeps the states for a repetition. */
  save(): Promise<void>;
}

/**
 * Does what is left of a batch. Items of one number are done in order. The others are not: all entries to remove are
 * removed first, many by one call.
 * @throws what stopped it: an error that concerns not one item but the calls after it too
 */
export async function workOff(run: BatchRun): Promise<void> {
  for (;;) {
    const next = readyItems(run);
    if (next.length === 0) return;
    const ready = next.filter((index) => !isDoneAlready(run, index));
    const removals = ready.filter((index) => run.items[index]?.action === "remove");
    for (const chunk of chunks(removals, MAX_REMOVALS)) await removeMarked(run, chunk);
    const adds = ready.filter((index) => run.items[index]?.action === "add");
    for (const chunk of chunks(adds, MARKED_ADDS)) await addMarked(run, chunk);
  }
}

/** The items that wait for no other item of their number. */
function readyItems({ items, states, listed }: BatchRun): number[] {
  const taken = new Set<string>();
  return items.flatMap((item, index) => {
    const state = states[index] ?? NOT_STARTED;
    if (item === undefined || isFinal(state)) return [];
    const target = listed.targetOf(item);
    const isFirst = !taken.has(target);
    taken.add(target);
    return isFirst && state.state === "not_started" ? [index] : [];
  });
}

export const NO_ENTRY = "No blocked or allowed entry has this id.";

/** Whether the lists answer an item without a call. */
function isDoneAlready(run: BatchRun, index: number): boolean {
  const item = run.items[index];
  if (item === undefined) return true;
  const entry = run.listed.entryOf(item);
  if ((entry === undefined) === (item.action === "add")) return false;
  if (item.action === "add" && entry !== undefined && !isAsAsked(entry, item.asked)) {
    run.reject(index, alreadyListed(entry, toCallerBlockingNumber));
  } else if ("id" in item) {
    // It may be an id of the legacy endpoint: nothing says that its number is not listed.
    run.reject(index, new ProblemError("not_found", { detail: NO_ENTRY }));
  } else finish(run, index, false);
  return true;
}

/** What became of the items that an earlier request sent. Nothing is sent again while it may still take effect. */
export function settleSent({ items, states, listed }: BatchRun, now: number): void {
  for (const [index, item] of items.entries()) {
    const { state, until = 0 } = states[index] ?? NOT_STARTED;
    if (item === undefined || state !== "sent") continue;
    const entry = listed.entryOf(item);
    const isDone = item.action === "remove" ? entry === undefined : entry && isAsAsked(entry, item.asked);
    if (isDone) states[index] = { state: "done", changed: true };
    else if (until <= now) states[index] = NOT_STARTED;
  }
}

function finish(run: BatchRun, index: number, changed: boolean): void {
  run.states[index] = { state: "done", changed };
  run.hasMoved = true;
}

/** Marks items as sent, in the table first: whatever happens to this process, a repetition knows. */
async function mark(run: BatchRun, indexes: readonly number[], until: number): Promise<void> {
  for (const index of indexes) run.states[index] = { state: "sent", until };
  await run.save();
}

/** Items that were marked, and not sent after all. */
function unmark(run: BatchRun, indexes: Iterable<number>): void {
  for (const index of indexes) run.states[index] = NOT_STARTED;
}

function callWithin({ request: { call } }: BatchRun): CallContext {
  if (call.deadline.remainingMs() < LEAST_MS + RESERVE_MS) throw new ProblemError("upstream_timeout");
  return { ...call, deadline: earlier(call.deadline, RESERVE_MS) };
}

async function removeMarked(run: BatchRun, indexes: readonly number[]): Promise<void> {
  const call = callWithin(run);
  const found = indexes.flatMap((index) => {
    const item = run.items[index];
    const entry = item && run.listed.entryOf(item);
    return entry === undefined ? [] : [{ index, entry }];
  });
  try {
    // A removal may be repeated at any time.
    await mark(run, indexes, 0);
    const statusOf = await remove(
      run,
      found.map(({ entry }) => entry.id),
      call,
    );
    for (const { index, entry } of found) settleRemoval(run, index, entry, statusOf(entry.id));
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) unmark(run, indexes);
    else run.hasMoved = true;
    throw error;
  }
}

/** A part that failed at RingCentral stays marked: a repetition looks whether its entry is gone. */
function settleRemoval(run: BatchRun, index: number, entry: WireCallerBlockingNumber, status: number): void {
  run.hasMoved = true;
  if (status >= 500) return;
  if (status !== NOT_FOUND && status >= 400) {
    run.reject(index, new ProblemError("upstream_rejected", { upstream: { status } }));
    return;
  }
  run.listed.remove(entry);
  finish(run, index, status !== NOT_FOUND);
}

/** Removes entries by one call. @returns the status of each; an entry that only a repetition misses was removed before */
async function remove({ deps, request }: BatchRun, ids: readonly string[], call: CallContext) {
  const { ringcentral, clock } = deps;
  const path = { extensionId: request.extensionId, blockedNumberId: ids.join(",") };
  let attempts = 0;
  let parts: Map<string, number> | undefined;
  try {
    await deleteOnce({ clock, call }, async (context) => {
      attempts += 1;
      if (ids.length === 1) return ringcentral.call(operations.deleteCallerBlockingNumber, { path }, context);
      const results = await ringcentral.call(operations.deleteCallerBlockingNumbers, { path }, context);
      parts = results && new Map(results.map(({ resourceId, status }) => [resourceId, status]));
    });
  } catch (error) {
    if (ids.length > 1 || !isGone(error)) throw error;
    return () => NOT_FOUND;
  }
  return (id: string): number => {
    const status = parts === undefined ? GONE : (parts.get(id) ?? 500);
    return status === NOT_FOUND && attempts > 1 ? GONE : status;
  };
}

async function addMarked(run: BatchRun, indexes: readonly number[]): Promise<void> {
  const waiting = new Set(indexes);
  try {
    const { deadline } = callWithin(run);
    await mark(run, indexes, deadline.at + UNSETTLED_MS);
    for (const index of indexes) {
      await addOne(run, index, callWithin(run));
      waiting.delete(index);
    }
  } catch (error) {
    const [sent] = waiting;
    if (error instanceof OutcomeUnknown && sent !== undefined) {
      run.states[sent] = { state: "sent", until: run.deps.clock.now() + UNSETTLED_MS };
      run.hasMoved = true;
      waiting.delete(sent);
    }
    throw error;
  } finally {
    unmark(run, waiting);
  }
}

/** @throws an error that does not concern this item alone */
async function addOne(run: BatchRun, index: number, call: CallContext): Promise<void> {
  const item = run.items[index];
  if (item?.action !== "add") return;
  const { deps, request } = run;
  try {
    const write = { extensionId: request.extensionId, call };
    const { entry, isExisting } = await addEntry(deps, write, item.asked, toCallerBlockingNumber);
    run.listed.add(entry);
    finish(run, index, isExisting !== true);
  } catch (error) {
    if (!concernsItem(error)) throw error;
    run.reject(index, error);
  }
}

function concernsItem(error: unknown): boolean {
  if (error instanceof ProblemError) return error.code === "number_already_listed";
  if (!(error instanceof RingCentralError)) return false;
  const { kind, status = 0 } = error.failure;
  return kind === "rejected" && [400, 409, 422].includes(status);
}

function* chunks<Element>(all: readonly Element[], size: number): Generator<Element[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}
