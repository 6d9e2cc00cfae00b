import type { ExtensionCall } from "../call.ts";

/** Whether edits of v2 rules raise an event is unknown: an option of the twin [unsure]. */
export function announceRuleEdit({ world, account, extension, webhooks, settings }: ExtensionCall): void {
  if (settings.ruleEditHint) webhooks.extensionChanged(world, account, extension.id, "AnsweringRules");
}
