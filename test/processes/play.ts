// One scenario, in a process of its own: its clock may be faster than the machine's, and the watchdog can end it with
// all its processes. Started by run.ts, which gets the verdict as a message.
import { createRandom } from "../twin/random.ts";
import { judge, TOKEN_CALLS_A_MINUTE, type Verdict } from "./judge.ts";
import { play, twinOf } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import type { Traffic } from "./traffic.ts";
import { startWorld } from "./world.ts";

async function run(name: string, bundlesDir: string, seed: number, isShort: boolean): Promise<Verdict> {
  const full = scenarios.find((each) => each.name === name);
  if (full === undefined) throw new Error(`no scenario is called "${name}"`);
  const { shortSeconds = full.seconds, lies = [], storageProblemMs = Infinity, fleet } = full;
  const { tokenCallsAMinute = TOKEN_CALLS_A_MINUTE, isSignIn = false, accessTokenSeconds = 3_600 } = full;
  const scenario = isShort ? { ...full, seconds: shortSeconds } : full;
  const random = createRandom(seed);
  const world = await startWorld({
    bundlesDir,
    fleet,
    twin: twinOf(scenario),
    isSignIn,
    accessTokenSeconds,
    random: () => random.next(),
  });
  try {
    process.send?.("started");
    const traffic: Traffic = { replies: [], intents: [] };
    const { faultFrom, broken } = await play(scenario, world, traffic);
    const verdict = judge(world, traffic, {
      faultFrom,
      hasFault: scenario.strike !== undefined || scenario.hasOwnFaults === true,
      lies,
      storageProblemMs,
      tokenCallsAMinute,
      doTokensEnd: isSignIn,
    });
    return { ...verdict, broken: [...verdict.broken, ...broken] };
  } finally {
    await world.close();
  }
}

const [name = "", bundlesDir = "", seed, form] = process.argv.slice(2);
// When run.ts ends, so do this process and those it has started.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
process.send?.(await run(name, bundlesDir, Number(seed), form === "short"));
process.disconnect();
