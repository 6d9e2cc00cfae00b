interface Operation {
  operationId: string;
  description?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema?: { examples?: unknown[] } }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
}
type PathItem = Record<string, Operation>;
interface ProblemResponse {
  description: string;
  content?: Record<string, { schema: object; examples: object }>;
}

interface OpenApi {
  paths: Record<string, PathItem>;
  components: { securitySchemes: unknown; responses: Record<string, ProblemResponse> };
}

/**
 * The OpenAPI file as this page shows it. Calls go to the service that served the page. The token is selected above the
 * reference, so each description names the scope of its operation.
 * @param extensionId fills in the forms, so that one click shows a response
 * @throws Error when it cannot be loaded
 */
export async function loadDescription(extensionId: string): Promise<object> {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`/openapi.json returned ${response.status}`);
  const { paths, components, ...description }: OpenApi = await response.json();
  const { securitySchemes: _, responses, ...rest } = components;
  return {
    ...description,
    servers: [{ url: location.origin }],
    paths: mapEntries(paths, (item, path) =>
      mapEntries(item, (operation, method) => ({
        ...withScope(operation),
        parameters: [
          ...(takesToken(operation) ? [authorization] : []),
          ...(operation.parameters ?? []).map((one) =>
            one.name === "extensionId" ? { ...one, example: extensionId } : one,
          ),
        ],
        "x-codeSamples": [clientSample(method, path, operation)],
      })),
    ),
    components: { ...rest, responses: mapEntries(responses, withoutSchema) },
  };
}

/** A header for the code samples, which have no other token. The page sends the selected one in its place. */
const authorization = {
  name: "Authorization",
  in: "header",
  required: true,
  description: "Requests from this page have the token that is selected above.",
  schema: { type: "string" },
  example: "Bearer <access token>",
};

const takesToken = ({ security = [] }: Pick<Operation, "security">) =>
  security.some((requirement) => requirement.accessToken !== undefined);

/** The common schema of all problems would hide the examples at each status. */
function withoutSchema({ description, content }: ProblemResponse): object {
  return { description, ...(content && { content: mapEntries(content, ({ examples }) => ({ examples })) }) };
}

function withScope({ security = [], description = "", ...operation }: Operation): Operation {
  const scopes = security.flatMap((requirement) => requirement.accessToken ?? []);
  const needs =
    scopes.length > 0
      ? `Needs a token with the scope \`${scopes.join("`, `")}\`.`
      : security.length > 0
        ? "For RingCentral only."
        : "Needs no token.";
  // Not in the responses: Scalar makes each a button, which must not have links inside.
  const guides = guidesOf({ ...operation, security }).map(
    ([name, title]) => `[${title}](/docs/guides/${name})`,
  );
  const seeAlso = guides.length === 0 ? "" : ` Guides: ${guides.join(", ")}.`;
  return { ...operation, description: `${description}\n\n${needs}${seeAlso}` };
}

/** The guides about what an operation takes. */
function guidesOf({ parameters = [], operationId, security = [] }: Omit<Operation, "description">) {
  const takes = (name: string) => parameters.some((parameter) => parameter.name === name);
  const isFeed = operationId === "listNumberChanges";
  const isCalledByApps = takesToken({ security });
  const guides: [string, string, boolean][] = [
    ["change-feed", "The change feed", isFeed],
    ["paging", "Paging", takes("cursor")],
    ["idempotency", "Writes that take effect once", takes("Idempotency-Key")],
    ["errors", "Errors", isCalledByApps],
    ["caching", "Caching and conditions", takes("If-None-Match") || takes("If-Match")],
  ];
  return guides.filter(([, , isAbout]) => isAbout);
}

const mapEntries = <From, To>(record: Record<string, From>, map: (value: From, name: string) => To) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));

/** The call of an operation by the typed client (lib/client), as one of Scalar's code samples. */
function clientSample(method: string, path: string, { parameters = [], requestBody }: Operation) {
  const body = requestBody?.content["application/json"]?.example;
  const inPath = parameters.filter((one) => one.in === "path");
  const values = inPath.map(({ name, schema }) => [name, schema?.examples?.[0] ?? `a ${name}`]);
  const options = [
    ...(values.length > 0 ? [`  params: { path: ${inline(Object.fromEntries(values))} },`] : []),
    ...(body === undefined ? [] : [`  body: ${inline(body)},`]),
  ];
  const lines = options.length === 0 ? "" : `, {\n${options.join("\n")}\n}`;
  const call = `const { data } = unwrap(await ringfront.${method.toUpperCase()}("${path}"${lines}));`;
  return { lang: "typescript", label: "Ringfront client", source: call };
}

/** As a person writes it: without quotes around names. */
const inline = (value: unknown) =>
  JSON.stringify(value, null, 1)
    .replace(/"(\w+)":/g, "$1:")
    .replace(/\n\s*/g, " ");
