import * as z from "zod/mini";
import { Id, ShortText, setOf } from "./parameters.ts";
import { defineRoute, scopes } from "./route.ts";
import { described, Instant, requestBody, resource } from "./schema-builders.ts";

const Reason = described(
  z.string(),
  "Such as `no_entry`, `several_entries`, `look_alike`, `email_unverified`, `extension_disabled`, `extension_gone` or " +
    "`extension_reassigned`; docs/guides/identity.md explains each.",
);

export const Me = resource("Me", "Who the caller is here.", {
  accountId: z.string(),
  extension: z.optional(
    resource("OwnExtension", "The caller's extension: `me`. Names come from the copy of the directory.", {
      id: z.string(),
      name: z.optional(z.string()),
      extensionNumber: z.optional(z.string()),
    }),
  ),
  foundBy: described(
    z.enum(["claim", "administrator", "email", "none"]),
    "How the extension was found: named by the token, connected by an administrator, or by the verified e-mail.",
  ),
  unmatched: z.optional(described(Reason, "With `none`: why the caller has no extension.")),
  scopes: described(
    z.array(z.string()).check(z.maxLength(100)),
    "The scopes of this API that the token has.",
  ),
  budget: described(
    z.enum(["service", "own"]),
    "Whose RingCentral budget pays for the caller's requests: `service`, which all callers share; or `own`, for the " +
      "caller's own extension, after a sign-in with RingCentral. It stays `own` when that session has ended: then " +
      "requests for the extension are 401 `sign_in_required`.",
  ),
});
export type Me = z.output<typeof Me>;

export const getMeRoute = defineRoute({
  operationId: "getMe",
  method: "GET",
  path: "/v1/me",
  scope: "any",
  tag: "People",
  summary: "Read who the caller is",
  description: "The account and extension of the caller, and how they were found. Every valid token may ask.",
  response: { kind: "item", description: "The caller.", data: Me },
});

export const Extension = resource("Extension", "An extension in the company directory.", {
  id: z.string(),
  type: described(z.string(), "RingCentral's: `User`, `Department` (a call queue), …"),
  status: described(z.string(), "RingCentral's: `Enabled`, `Disabled` or `NotActivated`."),
  extensionNumber: z.optional(z.string()),
  name: z.optional(z.string()),
  email: z.optional(z.string()),
  department: z.optional(z.string()),
  jobTitle: z.optional(z.string()),
  site: z.optional(z.string()),
  phoneNumbers: z.optional(z.array(z.string()).check(z.maxLength(1000))),
});
export type Extension = z.output<typeof Extension>;

export const listExtensionsRoute = defineRoute({
  operationId: "listExtensions",
  method: "GET",
  path: "/v1/extensions",
  scope: "account:read",
  tag: "People",
  summary: "Search the company directory",
  description:
    "The account's extensions, from a copy of RingCentral's company directory; `meta.asOf` is when it was last read. " +
    "People whom an administrator has hidden from the directory are not listed.",
  query: z.strictObject({
    q: z.optional(
      described(
        ShortText,
        "Starts of words of the name, the e-mail and the extension number, in any order; or the start of an extension " +
          "number, or four digits or more of a phone number, in any spelling.",
      ),
    ),
    email: z.optional(described(z.string().check(z.minLength(3), z.maxLength(254)), "The whole e-mail.")),
    extensionNumber: z.optional(
      described(z.string().check(z.regex(/^[0-9]{1,10}$/, "Must be 1 to 10 digits.")), "The whole number."),
    ),
    status: z.optional(setOf(["Enabled", "Disabled", "NotActivated"], "Comma-separated statuses.")),
  }),
  response: { kind: "list", description: "A page of extensions.", data: Extension },
});

export const Person = resource("Person", "Which extension a sign-in is.", {
  id: described(z.string(), "Computed from the token's issuer and subject."),
  extensionId: z.string(),
  source: described(
    z.enum(["administrator", "directory"]),
    "Who connected them: an administrator, or the verified e-mail in the company directory.",
  ),
  extensionStatus: z.optional(
    described(
      z.string(),
      "RingCentral's status of the extension; absent when the directory does not list it.",
    ),
  ),
  subject: z.optional(described(z.string(), "The token's `sub`, when known.")),
  email: z.optional(described(z.string(), "The e-mail that was matched.")),
  createdAt: Instant,
  updatedAt: Instant,
});
export type Person = z.output<typeof Person>;

export const PersonId = z
  .string()
  .check(
    z.regex(/^[A-Za-z0-9_-]{22}$/, "Must be a person's id: 22 letters, digits, hyphens or underscores."),
    z.maxLength(22),
    z.meta({ description: "A person's id, as a list gives it.", examples: ["Ae16mpemmYA2eH_PdxJxE3"] }),
  );
const person = z.strictObject({ personId: PersonId });

/** In the path, the person whom the body's subject names. */
export const BY_SUBJECT = "subject";
const PersonIdOrSubject = z.string().check(
  z.regex(/^(subject|[A-Za-z0-9_-]{22})$/, "Must be a person's id, or `subject`."),
  z.maxLength(22),
  z.meta({
    description: "A person's id, or `subject`: the person whom the body's `subject` names.",
    examples: ["Ae16mpemmYA2eH_PdxJxE3"],
  }),
);

/** OpenID Connect Core, 2: a subject is no longer. */
export const MAX_SUBJECT = 255;

export const PersonUpdate = requestBody(
  "PersonUpdate",
  "The extension that the sign-in is.",
  {
    extensionId: described(Id, "An enabled extension of the account."),
    subject: z.optional(
      described(
        z.string().check(z.minLength(1), z.maxLength(MAX_SUBJECT)),
        "The token's `sub`. It has to fit the person's id.",
      ),
    ),
  },
  { extensionId: "3800222" },
);
export type PersonUpdate = z.output<typeof PersonUpdate>;

export const listPeopleRoute = defineRoute({
  operationId: "listPeople",
  method: "GET",
  path: "/v1/people",
  scope: "people:manage",
  tag: "People",
  summary: "List the people who sign in without RingCentral claims",
  description: "Which sign-in is which extension, in the order of the ids.",
  response: { kind: "list", description: "A page of people.", data: Person },
});

export const UnmatchedSignIn = resource(
  "UnmatchedSignIn",
  "A sign-in without an extension. `PUT /v1/people/{personId}` connects it with one.",
  {
    personId: z.string(),
    reason: Reason,
    at: described(Instant, "The last attempt, to the hour."),
    subject: z.optional(z.string()),
    email: z.optional(z.string()),
  },
);
export type UnmatchedSignIn = z.output<typeof UnmatchedSignIn>;

export const listUnmatchedSignInsRoute = defineRoute({
  operationId: "listUnmatchedSignIns",
  method: "GET",
  path: "/v1/people/unmatched",
  scope: "people:manage",
  tag: "People",
  summary: "List sign-ins without an extension",
  description:
    "The last 100 people of the last 7 days who have no extension here, the newest first, and why.",
  response: { kind: "list", description: "A page of sign-ins.", data: UnmatchedSignIn },
});

export const getPersonRoute = defineRoute({
  operationId: "getPerson",
  method: "GET",
  path: "/v1/people/{personId}",
  scope: "people:manage",
  tag: "People",
  summary: "Read a person",
  description: "Which extension one sign-in is.",
  parameters: person,
  response: { kind: "item", description: "The person.", data: Person },
  problems: ["not_found"],
});

export const putPersonRoute = defineRoute({
  operationId: "putPerson",
  method: "PUT",
  path: "/v1/people/{personId}",
  scope: "people:manage",
  tag: "People",
  summary: "Connect a sign-in with an extension",
  description:
    "Creates or replaces the person: by id, which `GET /v1/people/unmatched` has of those who tried, or as " +
    "`/v1/people/subject` by the body's `subject`. Repeating a request changes nothing. It takes effect within a minute.",
  parameters: z.strictObject({ personId: PersonIdOrSubject }),
  body: PersonUpdate,
  response: { kind: "item", description: "The person as it is now.", data: Person },
});

export const deletePersonRoute = defineRoute({
  operationId: "deletePerson",
  method: "DELETE",
  path: "/v1/people/{personId}",
  scope: "people:manage",
  tag: "People",
  summary: "Forget a person",
  description:
    "The next sign-in is matched by e-mail again. It takes effect within a minute. To keep a person out, disable the " +
    "extension in RingCentral or the person at the identity provider.",
  parameters: person,
  response: { kind: "deleted", description: "The person is forgotten." },
  problems: ["not_found"],
});

/** The scopes of this API among a token's. */
export const isScope = (name: string): boolean => Object.hasOwn(scopes, name);
