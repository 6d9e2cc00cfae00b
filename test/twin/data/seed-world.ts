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
      ...account(SEED.otherAccountId, "Globex", [
        {
          ...bareExtension(SEED.otherAccountId, SEED.otherAccountExtensionId, "101", "Lea Roth"),
          email: SEED.emails.federated,
        },
      ]),
      movesAt: 0,
      federatedWith: [SEED.accountId],
    },
    { ...account(SEED.suspendedAccountId, "Initech", []), status: "Suspended" as const },
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

function account(id: string, companyName: string, extensions: Extension[]): Account {
  return {
    id,
    companyName,
    federatedWith: [],
    status: "Confirmed",
    extensions: new Map(extensions.map((extension) => [extension.id, extension])),
    numbers: [],
  };
}

function mainAccount(listed: number): Account {
  const main = account(SEED.accountId, "Acme", seedExtensions());
  main.federatedWith.push(SEED.otherAccountId);
  main.numbers = seedNumbers(listed);
  for (const { extensionId } of main.numbers) {
    if (extensionId === undefined || main.extensions.has(extensionId)) continue;
    const index = Number(extensionId) - firstFillerExtension;
    const extension = bareExtension(main.id, extensionId, String(2000 + index), `Person ${index + 1}`);
    main.extensions.set(extensionId, { ...extension, email: `person.${index + 1}@acme.example` });
  }
  return main;
}
