// `npm run sim:growth`: the size of the table, and the partition keys and items that come nearest to a limit of DynamoDB, from the
// records that the real code writes. Writes its section of docs/benchmarks.md; SEED chooses other users, --dry-run writes nothing.
import { parseArgs } from "node:util";
import { fleetSize } from "../../../infra/resources/capacity.ts";
import { writeSection } from "../../bench/report.ts";
import { productionStack } from "../../support/production-stack.ts";
import type { SetUp } from "../capacity/busy-hour.ts";
import { textOf } from "./report.ts";
import { playDirectory, playSyncs, playUsers } from "./scenarios.ts";

const USERS = 10_000;
const own: SetUp = { name: "own", payer: "users", callHandling: "legacy", tokenCallsAMinute: 300 };
const service: SetUp = { name: "service", payer: "service", callHandling: "legacy", tokenCallsAMinute: 5 };

const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
const seed = Number(process.env.SEED ?? 1);
const synced = async (numbers: number) => {
  const { meter, kept, units } = await playSyncs(numbers);
  return { numbers, units, kept, items: meter.items() };
};
const directoryOf = async (extensions: number) => {
  const { meter, headBytes } = await playDirectory(extensions, seed);
  const items = meter.items();
  return {
    extensions,
    headBytes,
    items: items.length,
    bytes: items.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};
const text = textOf({
  own: await playUsers(own, USERS, seed),
  service: await playUsers(service, USERS, seed),
  small: await synced(100),
  large: await synced(100_000),
  directories: [await directoryOf(10_000), await directoryOf(100_000)],
  seed,
  processes: Number(fleetSize(await productionStack())),
});
if (values["dry-run"]) console.log(text);
else writeSection("npm run sim:growth", { title: "Growth", text });
