/** The guides in reading order, by group: the page's name, its title in the navigation, what it is about, and its source from the project's root. */
export const guides = {
  Start: [
    {
      name: "overview",
      title: "The API in short",
      about: "How the API behaves, on one page.",
      source: "docs/api.md",
    },
    {
      name: "first-app",
      title: "Your first app",
      about: "From an empty folder to an app that signs people in.",
      source: "docs/guides/first-app.md",
    },
    {
      name: "auth",
      title: "Tokens and scopes",
      about: "Which token an app sends, and what it allows.",
      source: "docs/guides/auth.md",
    },
  ],
  Topics: [
    {
      name: "paging",
      title: "Paging",
      about: "Reading a list to its end.",
      source: "docs/guides/paging.md",
    },
    {
      name: "errors",
      title: "Errors",
      about: "What a problem says, and what an app does then.",
      source: "docs/guides/errors.md",
    },
    {
      name: "idempotency",
      title: "Writes that take effect once",
      about: "Repeating a write after a lost response.",
      source: "docs/guides/idempotency.md",
    },
    {
      name: "caching",
      title: "Caching and conditions",
      about: "Reading less, and changing only what you saw.",
      source: "docs/guides/caching.md",
    },
    {
      name: "change-feed",
      title: "The change feed",
      about: "Following the company's numbers without reading them all.",
      source: "docs/guides/change-feed.md",
    },
  ],
  Clients: [
    {
      name: "typescript",
      title: "TypeScript",
      about: "The typed client for browsers, Node and React Native.",
      source: "lib/client/README.md",
    },
    {
      name: "swift-and-kotlin",
      title: "Swift, Kotlin and others",
      about: "Clients made from the OpenAPI file.",
      source: "docs/client-generators.md",
    },
  ],
  Versions: [
    {
      name: "versioning",
      title: "Versioning",
      about: "What may change within a version.",
      source: "docs/guides/versioning.md",
    },
    {
      name: "changelog",
      title: "Changelog",
      about: "What has changed.",
      source: "CHANGELOG.md",
    },
  ],
} as const;
