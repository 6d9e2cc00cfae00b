interface Operation {
  description?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string }[];
}
type PathItem = Record<string, Operation>;

/**
 * The OpenAPI file as this page shows it. Calls go to the service that served the page. The token is selected above the
 * reference, so each description names the scope of its operation.
 * @throws Error when it cannot be loaded
 */
export async function loadDescription(): Promise<unknown> {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`/openapi.json returned ${response.status}`);
  const { paths, components, ...description } = await response.json();
  const { securitySchemes: _, responses, ...rest } = components;
  return {
    ...description,
    servers: [{ url: location.origin }],
    paths: Object.fromEntries(
      Object.entries<PathItem>(paths).map(([path, item]) => [path, mapValues(item, forTrying)]),
    ),
    components: { ...rest, responses: mapValues(responses, inOneLine) },
  };
}

/** Links problem codes to the catalogue: their common schema at each status would hide everything else. */
function inOneLine({ description }: { description: string }): { description: string } {
  return { description: description.replace(/`(\w+)`/g, "[`$1`](/docs/errors#$1)") };
}

function forTrying({ security = [], parameters = [], ...operation }: Operation): Operation {
  const scopes = security.flatMap((requirement) => requirement.accessToken ?? []);
  const needs =
    scopes.length > 0
      ? `Needs a token with the scope \`${scopes.join("`, `")}\`.`
      : security.length > 0
        ? "For RingCentral only."
        : "Needs no token.";
  return {
    ...operation,
    // Filled in, so that one click shows a response.
    parameters: parameters.map((one) => (one.name === "extensionId" ? { ...one, example: "me" } : one)),
    description: `${operation.description ?? ""}\n\n${needs}`,
  };
}

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
