/** The guides in reading order, by group: the page's name, its title in the navigation, and its source from the project's root. */
export const guides = {
  Start: [
    { name: "overview", title: "The API in short", source: "docs/api.md" },
    { name: "first-app", title: "Your first app", source: "docs/guides/first-app.md" },
    { name: "auth", title: "Tokens and scopes", source: "docs/guides/auth.md" },
  ],
  Topics: [
    { name: "paging", title: "Paging", source: "docs/guides/paging.md" },
    { name: "errors", title: "Errors", source: "docs/guides/errors.md" },
    { name: "idempotency", title: "Writes that take effect once", source: "docs/guides/idempotency.md" },
    { name: "caching", title: "Caching and conditions", source: "docs/guides/caching.md" },
    { name: "change-feed", title: "The change feed", source: "docs/guides/change-feed.md" },
  ],
  Clients: [
    { name: "typescript", title: "TypeScript", source: "lib/client/README.md" },
    { name: "swift-and-kotlin", title: "Swift, Kotlin and others", source: "docs/client-generators.md" },
  ],
  Versions: [
    { name: "versioning", title: "Versioning", source: "docs/guides/versioning.md" },
    { name: "changelog", title: "Changelog", source: "CHANGELOG.md" },
  ],
} as const;
