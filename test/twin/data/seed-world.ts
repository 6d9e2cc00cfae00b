import { SEED } from "./seed.ts";
import { firstFillerExtension, seedNumbers } from "./seed-inventory.ts";
import { bareExtension, seedApps, seedExtensions, seedUsers } from "./seed-people.ts";
import type { Account, Extension, World } from "./world.ts";

/**
 * The initial world: three accounts, their people and apps.
 * @param numbers the number of phone numbers that the main account lists
 */
export function createWorld(numbers: number): World {
  const others = [
    {
      ...account(SEED.otherAccountId, [
        bareExtension(SEED.otherAccountId, SEED.otherAccountExtensionId, "101", "Lea Roth"),
      ]),
      movesAt: 0,
    },
    { ...account(SEED.suspendedAccountId, []), status: "Suspended" as const },
  ];
  let lastId = 790_000;
  return {
    accounts: new Map([mainAccount(numbers), ...others].map((each) => [each.id, each])),
    apps: new Map(seedApps().map((app) => [app.clientId, app])),
    users: seedUsers(),
    subscriptions: [],
    nextId: () => {
      lastId += 1;
      return lastId;
    },
  };
}

function account(id: string, extensions: Extension[]): Account {
  return {
    id,
    status: "Confirmed",
    extensions: new Map(extensions.map((extension) => [extension.id, extension])),
    numbers: [],
  };
}

function mainAccount(listed: number): Account {
  const main = account(SEED.accountId, seedExtensions());
  main.numbers = seedNumbers(listed);
  for (const { extensionId } of main.numbers) {
    if (extensionId === undefined || main.extensions.has(extensionId)) continue;
    const index = Number(extensionId) - firstFillerExtension;
    const extension = bareExtension(main.id, extensionId, String(2000 + index), `Person ${index + 1}`);
    main.extensions.set(extensionId, extension);
  }
  return main;
}
