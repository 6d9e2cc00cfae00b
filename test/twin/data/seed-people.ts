import { SEED } from "./seed.ts";
import type { App, CallerBlockingEntry, Extension, ForwardingEntry, User } from "./world.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** The permissions of an ordinary user: everything on their own extension, nothing of the company's. */
export const userPermissions = [
  "ReadBlockedNumbers",
  "EditBlockedNumbers",
  "ReadUserForwardingFlipNumbers",
  "EditUserForwardingFlipNumbers",
  "ReadUserAnsweringRules",
  "EditUserAnsweringRules",
  "ReadUserPhoneNumbers",
  "ReadExtensions",
  "ThirdPartyAppAccess",
];
const adminPermissions = [...userPermissions, "ReadCompanyPhoneNumbers"];

/** @returns an extension without any settings */
export function bareExtension(
  accountId: string,
  id: string,
  extensionNumber: string,
  name: string,
): Extension {
  return {
    id,
    accountId,
    extensionNumber,
    name,
    status: "Enabled",
    type: "User",
    internationalCalling: false,
    devices: {},
    callerBlocking: [],
    callerBlockingSettings: { mode: "Specific", noCallerId: "Allow", payPhones: "Allow", greetings: [] },
    forwarding: [],
  };
}

function blockingEntry(id: number, phoneNumber: string, label?: string): CallerBlockingEntry {
  const legacyId = String(4_400_105_900 + id);
  return {
    id: String(id),
    legacyId,
    phoneNumber,
    status: "Blocked",
    ...(label !== undefined && { label }),
  };
}

const both = ["CallForwarding", "CallFlip"];

function anaRuiz(): Extension {
  const { accountId, extensionId } = SEED;
  const forwarding: ForwardingEntry[] = [
    {
      id: SEED.homeForwardingId,
      type: "Home",
      features: both,
      phoneNumber: "+13125550187",
      label: "Home",
      flipNumber: "1",
    },
    {
      id: SEED.mobileForwardingId,
      type: "Mobile",
      features: both,
      phoneNumber: "+13125550188",
      label: "Mobile",
      flipNumber: "2",
    },
    {
      id: SEED.phoneLineForwardingId,
      type: "PhoneLine",
      features: ["CallForwarding"],
      phoneNumber: SEED.directNumber,
      label: "Desk phone",
      device: { id: "880001" },
    },
    {
      id: SEED.appsForwardingId,
      type: "ExtensionApps",
      features: ["CallForwarding"],
      label: "My mobile and desktop apps",
      extension: { id: extensionId, name: "Ana Ruiz", extensionNumber: "102" },
    },
  ];
  return {
    ...bareExtension(accountId, extensionId, "102", "Ana Ruiz"),
    email: SEED.emails.user,
    department: "Sales",
    devices: { "880001": "Desk phone", [SEED.freeDeviceId]: "Home office phone" },
    callerBlocking: [
      blockingEntry(5100, "+12025550143", "Robocaller"),
      blockingEntry(5101, "+12025550177"),
      { ...blockingEntry(5102, "+12025550151", "School"), status: "Allowed" },
      blockingEntry(5103, "+12025550162", "Survey"),
      { ...blockingEntry(5104, "+12025550155", "Doctor"), status: "Allowed" },
    ],
    forwarding,
    isInQueue: true,
    workSchedule: {
      triggers: [
        { triggerType: "Weekly", ranges: { monday: [{ startTime: "09:00:00", endTime: "17:00:00" }] } },
      ],
    },
    customRules: ["Family"],
  };
}

/** Numbers 555-0120 and up of area code 312, labelled `Line 1`, `Line 2`, … */
function customNumbers(count: number): ForwardingEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    id: String(713000 + index),
    type: "Other",
    features: both,
    phoneNumber: `+13125550${120 + index}`,
    label: `Line ${index + 1}`,
  }));
}

function typedNumber(id: number, type: string, phoneNumber: string): ForwardingEntry {
  return { id: String(id), type, features: both, phoneNumber, label: type };
}

/** @returns the extensions of the main account that tests use */
export function seedExtensions(): Extension[] {
  const bare = (id: string, extensionNumber: string, name: string) =>
    bareExtension(SEED.accountId, id, extensionNumber, name);
  const { emails } = SEED;
  const ben = bare(SEED.otherExtensionId, "103", "Ben Okafor");
  const full = bare(SEED.fullExtensionId, "108", "Olu Adeyemi");
  return [
    { ...bare(SEED.adminExtensionId, "101", "Marta Vidal"), email: emails.admin },
    anaRuiz(),
    {
      ...ben,
      email: emails.otherUser,
      callerBlocking: [blockingEntry(5200, "+12025550190", "Telemarketer")],
      forwarding: [typedNumber(712100, "Work", "+13125550170")],
    },
    { ...bare(SEED.faxExtensionId, "104", "Fax room"), type: "FaxUser" },
    // A queue often has its manager's e-mail.
    { ...bare(SEED.queueExtensionId, "105", "Support queue"), type: "Department", email: emails.admin },
    {
      ...bare(SEED.internationalExtensionId, "106", "Ines Duarte"),
      internationalCalling: true,
      email: "ines.duarte@acme.example",
    },
    { ...bare(SEED.limitedExtensionId, "107", "Kim Larsen"), email: emails.shared },
    {
      ...full,
      email: emails.shared,
      forwarding: [
        ...customNumbers(7),
        typedNumber(713100, "Home", "+13125550140"),
        typedNumber(713101, "Mobile", "+13125550141"),
        typedNumber(713102, "Work", "+13125550142"),
      ],
    },
    { ...bare(SEED.customFullExtensionId, "109", "Noor Haddad"), forwarding: customNumbers(7) },
    { ...bare(SEED.disabledExtensionId, "110", "Tom Weiss"), status: "Disabled", email: emails.disabled },
  ];
}

/** @returns the seeded users, one JWT credential each */
export function seedUsers(): User[] {
  const { accountId, jwts } = SEED;
  const admin = { accountId, admin: true, permissions: adminPermissions };
  const user = { accountId, admin: false, permissions: adminPermissions };
  return [
    { ...admin, jwt: jwts.admin, extensionId: SEED.adminExtensionId },
    { ...user, jwt: jwts.user, extensionId: SEED.extensionId },
    { ...user, jwt: jwts.otherUser, extensionId: SEED.otherExtensionId },
    {
      ...user,
      jwt: jwts.limited,
      extensionId: SEED.limitedExtensionId,
      permissions: ["ThirdPartyAppAccess"],
    },
    { ...user, jwt: jwts.noThirdPartyApps, extensionId: SEED.limitedExtensionId, permissions: [] },
    { ...admin, jwt: jwts.notBoundToExtension },
    { ...user, jwt: jwts.disabled, extensionId: SEED.disabledExtensionId },
    { ...user, jwt: jwts.lockedOut, extensionId: SEED.otherExtensionId, lockedOut: true },
    { ...user, jwt: jwts.expired, extensionId: SEED.otherExtensionId, jwtExpiresAt: 0 },
    { ...admin, jwt: jwts.suspendedAccount, accountId: SEED.suspendedAccountId },
    {
      ...admin,
      jwt: jwts.otherAccountAdmin,
      accountId: SEED.otherAccountId,
      extensionId: SEED.otherAccountExtensionId,
    },
  ].map((person) => ({ ...person, permissions: [...person.permissions] }));
}

/** @returns the seeded apps */
export function seedApps(): App[] {
  const { apps } = SEED;
  const usual = {
    permissions: ["ReadAccounts", "EditExtensions"],
    grants: [jwtBearer, "refresh_token"],
    redirectUris: [],
  };
  const signsIn = ["authorization_code", "refresh_token"];
  return [
    { ...usual, clientId: SEED.clientId, clientSecret: SEED.clientSecret, grants: [jwtBearer, ...signsIn] },
    { ...usual, ...apps.public, grants: [jwtBearer, ...signsIn] },
    { ...usual, ...apps.signIn, grants: signsIn },
    { ...usual, ...apps.readOnly, permissions: ["ReadAccounts"] },
    { ...usual, ...apps.editOnly, permissions: ["EditExtensions"] },
    { ...usual, ...apps.editAccounts, permissions: ["EditAccounts"] },
    { ...usual, ...apps.noJwtGrant, grants: ["refresh_token"] },
    { ...usual, ...apps.sandbox, sandboxOnly: true },
    { ...usual, ...apps.noLimitsDefined, planProblem: "CMN-302" as const },
    { ...usual, ...apps.noPlan, planProblem: "CMN-303" as const },
  ].map((app) => ({
    ...app,
    permissions: [...app.permissions],
    grants: [...app.grants],
    redirectUris: [...app.redirectUris],
  }));
}
