/** A JSON object of a rule: actions, targets, conditions, greetings. */
export type RuleObject = Record<string, unknown>;

/** A row of the call-flip list. Lines and business mobiles are the platform's own rows [spec]. */
export interface FlipRow {
  id: string;
  phoneNumber: string;
  type: "PhoneLine" | "External" | "BusinessMobile";
  label?: string;
  flipNumber?: string;
}

/** A rule's handling of a call. Actions are kept as sent, without the read-only members of responses. */
export interface Dispatching {
  type: string;
  callTypes?: RuleObject;
  actions: RuleObject[];
}

export interface CallHandlingState {
  id: string;
  displayName: string;
  enabled: boolean;
  /** At most one; work hours without any are 24/7. */
  conditions: RuleObject[];
}

export interface StateRule {
  id: string;
  dispatching: Dispatching;
  /** The rule it inherits from, until it has its own dispatching. */
  inherits?: string;
}

export interface InteractionRule {
  id: string;
  displayName: string;
  enabled: boolean;
  conditions: RuleObject[];
  dispatching: Dispatching;
}

/** An extension's data in the new call-handling backend. */
export interface CallHandling {
  flips: FlipRow[];
  states: CallHandlingState[];
  /** One per state but `busy`, in the order of their list. */
  rules: StateRule[];
  interactionRules: InteractionRule[];
  /** Whether types unknown to the documentation have been added to the rules. */
  hasUnknownTypes: boolean;
}

/** The rules with their own dispatching. */
export function ownRules({ rules, interactionRules }: CallHandling): (StateRule | InteractionRule)[] {
  return [...rules.filter((rule) => !("inherits" in rule)), ...interactionRules];
}
