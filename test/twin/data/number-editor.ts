import { type Account, type CompanyNumber, findAccount, type World } from "./world.ts";

type NewNumber = Partial<CompanyNumber> & Pick<CompanyNumber, "phoneNumber">;

/** Changes to an account's phone numbers that happen behind the back of a reader. */
export interface NumberEditor {
  /** Of every usage type, the ones no list call shows included. */
  list(): readonly CompanyNumber[];
  /** What is left out is that of a plain company number. */
  add(number: NewNumber): CompanyNumber;
  /** @throws Error when there is no such number */
  update(id: number, patch: Partial<CompanyNumber>): CompanyNumber;
  /** @throws Error when there is no such number */
  remove(id: number): void;
}

/**
 * @param world asked for on every use, since a reset replaces it
 * @param onChange told whose extension's numbers have changed; a company-level number is nobody's
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
