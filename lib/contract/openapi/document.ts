import * as z from "zod/mini";
import { DEFAULT_BODY_BYTES, type Route, scopes, tags } from "../route.ts";
import { headerComponents, requestParameters } from "./parameters.ts";
import { type Examples, ProblemResponses, problemExamples, responsesOf } from "./responses.ts";
import { componentSchemas, type JsonObject, refTo, schemaName } from "./schemas.ts";

/**
 * The OpenAPI 3.1 description of the routes, made from the schemas that validate. For builds and tests alone: no
 * function imports it. Every body is a named component, so that generators for Swift and Kotlin have names to use.
 */
export function buildOpenApi(all: readonly Route[], version: string, examples: Examples): JsonObject {
  const routes = all.filter((route) => route.response.kind !== "page");
  const shared = new ProblemResponses(routes);
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes) {
    const responses = responsesOf(route, examples, shared);
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: { ...operationOf(route), responses },
    };
  }
  return {
    openapi: "3.1.0",
    info: { ...info, version },
    servers,
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(routes),
      headers: headerComponents,
      responses: shared.components,
      examples: problemExamples(routes, examples),
      securitySchemes,
    },
  };
}

const info = {
  title: "Ringfront",
  summary: "RingCentral's phone-number endpoints for apps",
  description:
    "Blocked, allowed and forwarding numbers of an extension and the phone numbers of a company, with one " +
    "error shape (RFC 9457) and one paging shape.",
  license: { name: "MIT", identifier: "MIT" },
  contact: { name: "Ringfront" },
};

const servers = [
  {
    url: "https://{host}",
    description: "A deployment in production.",
    "x-internal": false,
    variables: { host: { default: "api.example.com" } },
  },
];

const securitySchemes = {
  verificationToken: {
    type: "apiKey",
    in: "header",
    name: "Verification-Token",
    description: "The secret this service gave RingCentral when it subscribed.",
  },
  accessToken: {
    type: "oauth2",
    description:
      "A short-lived access token (a JWT, checked as RFC8725 asks) from the OpenID Connect issuer this service trusts.",
    flows: {
      authorizationCode: {
        authorizationUrl: "https://issuer.example.com/authorize",
        tokenUrl: "https://issuer.example.com/token",
        scopes,
      },
      clientCredentials: { tokenUrl: "https://issuer.example.com/token", scopes },
    },
  },
};

function securityOf({ scope, isWebhook }: Route): JsonObject[] {
  if (isWebhook) return [{ verificationToken: [] }];
  return scope === undefined ? [] : [{ accessToken: scope === "any" ? [] : [scope] }];
}

const WithExamples = z.object({ examples: z.array(z.unknown()) });
const exampleOf = (schema: z.ZodMiniType) => WithExamples.parse(z.globalRegistry.get(schema)).examples[0];

function operationOf(route: Route): JsonObject {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: route.description,
    security: securityOf(route),
    parameters: requestParameters(route),
    ...(route.body && {
      requestBody: {
        required: true,
        description: `At most ${(route.maxBodyBytes ?? DEFAULT_BODY_BYTES) / 1024} KiB.`,
        content: {
          // Here too: tools that fill a form from the schema would send each optional field.
          "application/json": { schema: refTo(schemaName(route.body)), example: exampleOf(route.body) },
        },
      },
    }),
  };
}
