import { type Account, type CompanyNumber, findAccount, type World } from "./world.ts";

type NewNumber = Partial<CompanyNumber> & Pick<CompanyNumber, "phoneNumber">;

/** Changes of an account's phone numbers outside the API. */
export interface NumberEditor {
  /** Includes the usage types that no list call shows. */
  list(): readonly CompanyNumber[];
  /** Absent members are those of a plain company number. */
  add(number: NewNumber): CompanyNumber;
  /** @throws Error when there is no such number */
  update(id: number, patch: Partial<CompanyNumber>): CompanyNumber;
  /** @throws Error when there is no such number */
  remove(id: number): void;
}

/**
 * @param world called on every use, because a reset replaces it
 * @param onChange called with the extension whose numbers changed; not for company-level numbers
 */
export function createNumberEditor(
  world: () => World,
  accountId: string,
  onChange: (account: Account, extensionId: string) => void,
): NumberEditor {
  const account = () => findAccount(world(), accountId);
  function find(id: number): CompanyNumber {
    const number = account().numbers.find((each) => each.id === id);
    if (number === undefined) throw new Error(`no such phone number: ${id}`);
    return number;
  }
  const changed = (...extensionIds: (string | undefined)[]) => {
    for (const extensionId of new Set(extensionIds)) {
      if (extensionId !== undefined) onChange(account(), extensionId);
    }
  };
  return {
    list: () => account().numbers,
    add(number) {
      const { numbers } = account();
      const added: CompanyNumber = {
        id: numbers.reduce((last, { id }) => Math.max(last, id), 0) + 1,
        usageType: "CompanyNumber",
        paymentType: "Local",
        status: "Normal",
        type: "VoiceFax",
        primary: false,
        ...number,
      };
      numbers.push(added);
      changed(added.extensionId);
      return added;
    },
    update(id, patch) {
      const number = find(id);
      const before = number.extensionId;
      Object.assign(number, patch);
      changed(before, number.extensionId);
      return number;
    },
    remove(id) {
      const number = find(id);
      const owner = account();
      owner.numbers = owner.numbers.filter((each) => each !== number);
      changed(number.extensionId);
    },
  };
}
