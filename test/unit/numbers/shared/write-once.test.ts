import { describe, expect, it } from "vitest";
import { OutcomeUnknown, type WriteStep } from "../../../../lib/contract/write-outcome.ts";
import { createOnce, deleteOnce, replaceOnce } from "../../../../lib/numbers/shared/write-once.ts";
import { updateResource } from "../../../../lib/numbers/shared/write-resource.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { RingCentralError, type RingCentralFailure } from "../../../../lib/ringcentral/api/errors.ts";
import type {
  CallContext,
  Operation,
  OperationInput,
  RingCentral,
} from "../../../../lib/ringcentral/api/operation.ts";
import { captureLog } from "../../../support/capture-log.ts";
import { leapingClock } from "../../../support/manual-clock.ts";

const failing = (failure: Partial<RingCentralFailure>) => () =>
  Promise.reject(
    new RingCentralError({ kind: "rejected", operation: "write", mayHaveTakenEffect: false, ...failure }),
  );
const lost = failing({ kind: "timeout", mayHaveTakenEffect: true });
const gone = failing({ status: 404, errorCode: "CMN-102" });

/** A write whose attempts end as given, and whose readings show something from the `showsAt`-th on. */
function setUp(
  answers: (() => Promise<string>)[],
  showsAt = Number.POSITIVE_INFINITY,
  step: WriteStep = "run",
) {
  const clock = leapingClock();
  const startedAt = clock.now();
  const call = {
    accountId: "1",
    requestId: "r",
    log: captureLog().log,
    deadline: deadlineIn(20_000, clock, 0),
  };
  const sent: number[] = [];
  const looks: { ms: number; fresh: boolean | undefined }[] = [];
  const send = ({ deadline }: CallContext) => {
    sent.push(Math.round(deadline.remainingMs()));
    return answers[sent.length - 1]?.() ?? Promise.resolve("sent");
  };
  const look = async ({ fresh }: CallContext) => {
    looks.push({ ms: clock.now() - startedAt, fresh });
    return looks.length >= showsAt ? "seen" : undefined;
  };
  return { context: { clock, call, step }, sent, looks, send, look };
}
const liveAt = (...times: number[]) => times.map((ms) => ({ ms, fresh: true }));

describe("a POST", () => {
  it("whose response is lost is looked for four times within five seconds, live, and never sent again", async () => {
    const { context, sent, looks, send, look } = setUp([lost]);
    await expect(createOnce(context, send, look)).rejects.toThrow(OutcomeUnknown);
    expect(looks).toEqual(liveAt(0, 500, 2_000, 5_000));
    expect(sent).toHaveLength(1);
  });

  it("is found as soon as it shows, and leaves two fifths of its time for that", async () => {
    const { context, sent, looks, send, look } = setUp([lost], 3);
    expect(await createOnce(context, send, look)).toBe("seen");
    expect(looks).toHaveLength(3);
    expect(sent).toEqual([12_000]);
  });

  it("is not looked for when it is rejected", async () => {
    const { context, looks, send, look } = setUp([gone]);
    await expect(createOnce(context, send, look)).rejects.toMatchObject({ failure: { status: 404 } });
    expect(looks).toEqual([]);
  });

  it.each([
    ["look", 0],
    ["resolve", 1],
  ] as const)("of the step %s looks first, and is sent %i times", async (step, times) => {
    const { context, sent, looks, send, look } = setUp([], Number.POSITIVE_INFINITY, step);
    await createOnce(context, send, look).catch((error) => expect(error).toBeInstanceOf(OutcomeUnknown));
    expect(looks).toEqual(liveAt(0));
    expect(sent).toHaveLength(times);
  });
});

describe("a PUT whose response is lost", () => {
  const isThere = (value: string | undefined) => value !== undefined;

  it("is read back twice, live, and not sent again once it shows", async () => {
    const { context, sent, looks, send, look } = setUp([lost], 2);
    expect(await replaceOnce<string | undefined>(context, send, look, isThere)).toBe("seen");
    expect(looks).toEqual(liveAt(0, 500));
    expect(sent).toEqual([12_000]);
  });

  it("is sent again once when it does not show, and is unknown when that is lost too", async () => {
    const once = setUp([lost]);
    expect(await replaceOnce<string | undefined>(once.context, once.send, once.look, isThere)).toBe("sent");
    const twice = setUp([lost, lost]);
    await expect(
      replaceOnce<string | undefined>(twice.context, twice.send, twice.look, isThere),
    ).rejects.toThrow(OutcomeUnknown);
    expect(twice.sent).toHaveLength(2);
  });
});

describe("a DELETE", () => {
  const remove = ({ context, send }: ReturnType<typeof setUp>) =>
    deleteOnce(context, async (call) => void (await send(call)));

  it("of something that is not there is the caller's mistake", async () => {
    await expect(remove(setUp([gone]))).rejects.toMatchObject({ failure: { status: 404 } });
  });

  it("is done when the repetition after a lost response finds nothing, and unknown when that is lost too", async () => {
    await remove(setUp([lost, gone]));
    await expect(remove(setUp([lost, lost]))).rejects.toThrow(OutcomeUnknown);
  });
});

it("a change is made of what RingCentral has now, not of what the cache has", async () => {
  const { context } = setUp([]);
  const read: Operation<{ label: string }> = {
    name: "read",
    method: "GET",
    path: "/account/{accountId}",
    group: "light",
  };
  const write: Operation<{ label: string }> = { ...read, name: "write", method: "PUT" };
  const lives: unknown[] = [];
  const ringcentral: RingCentral = {
    async call<Output>(_: Operation<Output>, { body }: OperationInput, { fresh }: CallContext) {
      lives.push(fresh);
      return (body ?? { label: "former" }) as Output;
    },
  };
  const request = { extensionId: "1", call: context.call, body: { label: "new" } };
  const wire = {
    toOutput: (one: object) => one,
    merge: () => ({ label: "new" }),
    toBody: (one: { label: string }) => one,
  };
  await updateResource({ ringcentral, clock: context.clock }, request, { path: {}, read, write, ...wire });
  expect(lives).toEqual([true, undefined]);
});
