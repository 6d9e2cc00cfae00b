/**
 * Names and secrets of the seeded world, for tests and for a development stack. All of it is fictional: 555-01xx
 * numbers, and credentials that only a twin accepts. test/twin/README.md describes their uses.
 */
export const SEED = {
  accountId: "3700111",
  otherAccountId: "3700222",
  suspendedAccountId: "3700333",

  /** The app and the login a backend uses: an administrator of the account. */
  clientId: "twin-app",
  clientSecret: "twin-app-secret",
  jwt: "twin-jwt-admin",

  adminExtensionId: "3800111",
  /** Ana Ruiz, 102. */
  extensionId: "3800222",
  /** Ben Okafor, 103. */
  otherExtensionId: "3800333",
  faxExtensionId: "3800444",
  queueExtensionId: "3800555",
  internationalExtensionId: "3800666",
  limitedExtensionId: "3800777",
  fullExtensionId: "3800888",
  customFullExtensionId: "3800889",
  disabledExtensionId: "3800999",
  otherAccountExtensionId: "3900111",

  /** E-mails in the directory. */
  emails: {
    admin: "marta.vidal@acme.example",
    user: "ana.ruiz@acme.example",
    otherUser: "Ben.Okafor@acme.example",
    /** Of Kim Larsen and Olu Adeyemi. */
    shared: "frontdesk@acme.example",
    disabled: "tom.weiss@acme.example",
    federated: "lea.roth@globex.example",
  },

  apps: {
    /** A public client: no secret. */
    public: { clientId: "twin-public" },
    /** Signs people in, and has no JWT grant. */
    signIn: { clientId: "twin-sign-in", clientSecret: "twin-sign-in-secret" },
    readOnly: { clientId: "twin-read-only", clientSecret: "twin-read-only-secret" },
    editOnly: { clientId: "twin-edit-only", clientSecret: "twin-edit-only-secret" },
    editAccounts: { clientId: "twin-edit-accounts", clientSecret: "twin-edit-accounts-secret" },
    noJwtGrant: { clientId: "twin-no-jwt", clientSecret: "twin-no-jwt-secret" },
    sandbox: { clientId: "twin-sandbox", clientSecret: "twin-sandbox-secret" },
    noLimitsDefined: { clientId: "twin-unlimited", clientSecret: "twin-unlimited-secret" },
    noPlan: { clientId: "twin-no-plan", clientSecret: "twin-no-plan-secret" },
  },

  jwts: {
    admin: "twin-jwt-admin",
    user: "twin-jwt-ana",
    otherUser: "twin-jwt-ben",
    limited: "twin-jwt-limited",
    noThirdPartyApps: "twin-jwt-no-third-party",
    notBoundToExtension: "twin-jwt-account-only",
    disabled: "twin-jwt-disabled",
    lockedOut: "twin-jwt-locked-out",
    expired: "twin-jwt-expired",
    suspendedAccount: "twin-jwt-suspended",
    otherAccountAdmin: "twin-jwt-other-account",
  },

  /** Ana's rows. */
  blockedNumberId: "MTIwMjU1NTAxNDM",
  allowedNumberId: "MTIwMjU1NTAxNTE",
  homeForwardingId: "712000",
  mobileForwardingId: "712001",
  phoneLineForwardingId: "712002",
  appsForwardingId: "712003",
  freeDeviceId: "880002",

  mainNumber: "+18005550100",
  directNumber: "+16505550111",
} as const;
