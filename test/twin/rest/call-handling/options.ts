/** Settings of the two call-handling backends. Each decides a question that the documentation leaves open. */
export interface CallHandlingSettings {
  /** The features call of an extension that has not moved ("param-false"). */
  featureBeforeMove: "param-false" | "no-param" | "no-record" | "unavailable";
  /** Time after the move during which the features call still denies it (0). */
  featureLagMs: number;
  /** A v2 call on an extension that has not moved ("CMN-102"): 404, 403, or a 404 of the gateway. */
  v2BeforeMove: "CMN-102" | "CMN-403" | "AGW-404";
  /** The v1 reads of a moved extension's forwarding numbers ("frozen"): as at the move, a copy of v2, or 403. */
  movedForwardingReads: "frozen" | "mirror" | "CMN-468" | "CMN-109";
  /** The v1 writes: 200 without effect, 200 with an effect on the frozen list only, or 403 ("no-effect"). */
  movedForwardingWrites: "no-effect" | "frozen-list" | "CMN-468" | "CMN-109";
  /** The result for a platform's own flip row that a PUT omits ("removed"). */
  omittedSystemFlip: "removed" | "kept" | "CMN-101";
  /** A PATCH of a rule that inherits: it gets its own dispatching, or still inherits ("detaches"). */
  inheritedRulePatch: "detaches" | "stays";
  /** Read-only members of responses in a request ("tolerated"). */
  readOnlyMembers: "tolerated" | "CMN-101";
  /** Whether new numbers must pass the checks of v1: FPN-105 and FPN-108 (true). */
  newNumberChecks: boolean;
  /** Whether items of a target deletion fail inside its 200 ("applied"). */
  targetDeletion: "applied" | "item-fails";
  /** Actions, targets and members that no documentation names are in every rule (false). */
  unknownRuleTypes: boolean;
  /** Another app edits the extension before every nth call on it, once moved; 0: never (0). */
  outsideWriterEvery: number;
  /** Whether the move is announced with the hint Features (false). */
  moveHint: boolean;
  /** Whether edits of rules are announced with the hint AnsweringRules (false). */
  ruleEditHint: boolean;
}

export const callHandlingDefaults: CallHandlingSettings = {
  featureBeforeMove: "param-false",
  featureLagMs: 0,
  v2BeforeMove: "CMN-102",
  movedForwardingReads: "frozen",
  movedForwardingWrites: "no-effect",
  omittedSystemFlip: "removed",
  inheritedRulePatch: "detaches",
  readOnlyMembers: "tolerated",
  newNumberChecks: true,
  targetDeletion: "applied",
  unknownRuleTypes: false,
  outsideWriterEvery: 0,
  moveHint: false,
  ruleEditHint: false,
};

/** The values of each setting; a number or boolean takes any value of its kind. */
export const callHandlingValues: Partial<Record<keyof CallHandlingSettings, readonly string[]>> = {
  featureBeforeMove: ["param-false", "no-param", "no-record", "unavailable"],
  v2BeforeMove: ["CMN-102", "CMN-403", "AGW-404"],
  movedForwardingReads: ["frozen", "mirror", "CMN-468", "CMN-109"],
  movedForwardingWrites: ["no-effect", "frozen-list", "CMN-468", "CMN-109"],
  omittedSystemFlip: ["removed", "kept", "CMN-101"],
  inheritedRulePatch: ["detaches", "stays"],
  readOnlyMembers: ["tolerated", "CMN-101"],
  targetDeletion: ["applied", "item-fails"],
};
