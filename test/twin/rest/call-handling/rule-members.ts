/** The members of one kind of object in a rule. */
export interface MemberRules {
  /** A request without one of them is incomplete. */
  needs: readonly string[];
  may: readonly string[];
  /** Only in responses. */
  shows: readonly string[];
}

const rules = (needs: string, may = "", shows = ""): MemberRules => {
  const list = (names: string) => names.split(" ").filter((name) => name !== "");
  return { needs: list(needs), may: list(may), shows: list(shows) };
};

/** [spec] */
export const actions: Record<string, MemberRules> = {
  RingGroupAction: rules("enabled targets duration", "customStartOffset"),
  RingAlwaysGroupAction: rules("enabled targets"),
  // The guide treats the type that ends the call as required [docs: RULES].
  TerminatingAction: rules("targets terminatingTargetType", "ringingTargetType"),
  PlayWelcomePromptAction: rules("greeting enabled"),
  PlayConnectingMessageAction: rules("greeting enabled"),
  PlayConnectingPromptAction: rules("greeting enabled"),
  ScreeningAction: rules("screening enabled", "screeningResult"),
};

/** The platform names every target except an outside number and a cloud connector [spec]. */
export const ringTargets: Record<string, MemberRules> = {
  PhoneNumberRingTarget: rules("destination", "name"),
  DeviceRingTarget: rules("device", "extension", "name"),
  CoworkerRingTarget: rules("extension", "", "name"),
  AllDesktopRingTarget: rules("", "extension", "name"),
  AllMobileRingTarget: rules("", "extension", "name"),
  HotdeskRingTarget: rules("", "", "name device"),
  ImsPhoneNumberRingTarget: rules("destination", "", "name"),
  FmcPhoneNumberRingTarget: rules("destination", "", "name"),
  IntegrationRingTarget: rules("integration", "", "name"),
  CloudConnectorRingTarget: rules("destination name"),
};

export const terminatingTargets: Record<string, MemberRules> = {
  VoiceMailTerminatingTarget: rules("prompt", "extension", "name"),
  PlayAnnouncementTerminatingTarget: rules("prompt dispatchingType", "", "name"),
  PhoneNumberTerminatingTarget: rules("destination dispatchingType", "name"),
  ExtensionTerminatingTarget: rules("extension dispatchingType", "", "name"),
  CloudConnectorTerminatingTarget: rules("destination dispatchingType name"),
};

/** Objects inside targets and actions. */
export const parts: Record<string, MemberRules> = {
  destination: rules("phoneNumber"),
  device: rules("id", "", "name phoneNumber"),
  extension: rules("id"),
  integration: rules("type", "", "phoneNumber"),
  prompt: rules("greeting"),
  greeting: rules("effectiveGreetingType preset", "custom"),
  preset: rules("id"),
};
