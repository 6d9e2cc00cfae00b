import { type CompanyNumber, findAccount, type World } from "./world.ts";

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

/** @param world asked for on every use, since a reset replaces it */
export function createNumberEditor(world: () => World, accountId: string): NumberEditor {
  const account = () => findAccount(world(), accountId);
  function find(id: number): CompanyNumber {
    const number = account().numbers.find((each) => each.id === id);
    if (number === undefined) throw new Error(`no such phone number: ${id}`);
    return number;
  }
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
      return added;
    },
    update: (id, patch) => Object.assign(find(id), patch),
    remove(id) {
      const number = find(id);
      const owner = account();
      owner.numbers = owner.numbers.filter((each) => each !== number);
    },
  };
}
