import { bareExtension } from "./seed-people.ts";
import { type Account, type Extension, findAccount, type World } from "./world.ts";

export type DirectoryPatch = Partial<
  Pick<Extension, "name" | "email" | "status" | "extensionNumber" | "department" | "hidden" | "type">
>;

/** Changes of an account's people in the administration portal. Subscribers of the directory are notified. */
export interface DirectoryEditor {
  list(): readonly Extension[];
  add(id: string, patch: DirectoryPatch): Extension;
  /** @throws Error when there is no such extension */
  update(id: string, patch: DirectoryPatch): Extension;
  /** @throws Error when there is no such extension */
  remove(id: string): void;
}

/** @param world called on every use, because a reset replaces it */
export function createDirectoryEditor(
  world: () => World,
  accountId: string,
  onChange: (account: Account, extension: Extension, eventType: "Create" | "Update" | "Delete") => void,
): DirectoryEditor {
  const account = () => findAccount(world(), accountId);
  function find(id: string): Extension {
    const extension = account().extensions.get(id);
    if (extension === undefined) throw new Error(`no such extension: ${id}`);
    return extension;
  }
  return {
    list: () => [...account().extensions.values()],
    add(id, patch) {
      const added = { ...bareExtension(accountId, id, id.slice(-4), "New Person"), ...patch };
      account().extensions.set(id, added);
      onChange(account(), added, "Create");
      return added;
    },
    update(id, patch) {
      const changed = Object.assign(find(id), patch);
      onChange(account(), changed, "Update");
      return changed;
    },
    remove(id) {
      const gone = find(id);
      account().extensions.delete(id);
      onChange(account(), gone, "Delete");
    },
  };
}
