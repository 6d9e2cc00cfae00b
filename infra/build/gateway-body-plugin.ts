import * as z from "zod/mini";
import { ownArn, sub } from "../resources/cloudformation.ts";

const Api = z.object({
  Name: z.string(),
  DisableExecuteApiEndpoint: z.optional(z.boolean()),
  CorsConfiguration: z.optional(z.record(z.string(), z.unknown())),
});
const Authorizer = z.object({
  Name: z.string(),
  IdentitySource: z.tuple([z.string()]),
  JwtConfiguration: z.object({ Audience: z.array(z.string()), Issuer: z.unknown() }),
});
const Route = z.object({
  RouteKey: z.string(),
  Target: z.unknown(),
  AuthorizerId: z.optional(z.object({ Ref: z.string() })),
  AuthorizationScopes: z.optional(z.array(z.string())),
});
const LambdaFunction = z.object({ FunctionName: z.string() });

type Resources = Record<string, { Type: string; Properties?: object; DependsOn?: string | string[] }>;

/** The parts of osls's own objects that this plugin reads or changes. */
interface Serverless {
  service: { provider: { compiledCloudFormationTemplate: { Resources: Resources } } };
}

/**
 * A plugin for osls that describes the gateway's routes in one resource, the API's `Body` in OpenAPI with API Gateway's
 * extensions, as AWS's own SAM does. osls makes a resource for each route, integration and authorizer: a fifth of the 500
 * that CloudFormation takes in a stack. API Gateway does not accept both forms in one API.
 * [AWS: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html]
 */
export default class GatewayBodyPlugin {
  readonly hooks: Record<string, () => void>;

  constructor({ service }: Serverless) {
    this.hooks = {
      "after:package:compileEvents": () => {
        const { Resources } = service.provider.compiledCloudFormationTemplate;
        const { HttpApi } = Resources;
        if (HttpApi === undefined) throw new Error("osls made no HTTP API");
        HttpApi.Properties = { Body: bodyOf(Resources) };
        for (const [logicalId, { Type }] of Object.entries(Resources)) {
          if (/^AWS::ApiGatewayV2::(Route|Integration|Authorizer)$/.test(Type)) delete Resources[logicalId];
        }
      },
    };
  }
}

/** The API's name, address and CORS belong to the body: API Gateway rejects them beside it as redundant. */
function bodyOf(resources: Resources) {
  const {
    Name: title,
    DisableExecuteApiEndpoint,
    CorsConfiguration,
  } = Api.parse(resources.HttpApi?.Properties);
  const paths: Record<string, Record<string, object>> = {};
  for (const [, { Properties }] of ofType(resources, "Route")) {
    const { RouteKey, ...route } = Route.parse(Properties);
    const [method = "", path = ""] = RouteKey.split(" ");
    const operation = method === "ANY" ? "x-amazon-apigateway-any-method" : method.toLowerCase();
    paths[path] = { ...paths[path], [operation]: operationOf(resources, path, route) };
  }
  const schemes = ofType(resources, "Authorizer").map(([, { Properties }]) => securityScheme(Properties));
  return {
    openapi: "3.0.1",
    info: { title, version: "1" },
    ...(DisableExecuteApiEndpoint === true && {
      servers: [{ "x-amazon-apigateway-endpoint-configuration": { disableExecuteApiEndpoint: true } }],
    }),
    paths,
    components: { securitySchemes: Object.fromEntries(schemes) },
    ...(CorsConfiguration !== undefined && {
      "x-amazon-apigateway-cors": inLowerCamelCase(CorsConfiguration),
    }),
  };
}

const ofType = (resources: Resources, type: string) =>
  Object.entries(resources).filter(([, { Type }]) => Type === `AWS::ApiGatewayV2::${type}`);

/** `AllowOrigins` is `allowOrigins`; absent settings are left out. */
const inLowerCamelCase = (settings: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, value]),
  );

function operationOf(resources: Resources, path: string, route: Omit<z.output<typeof Route>, "RouteKey">) {
  const { Target, AuthorizerId, AuthorizationScopes = [] } = route;
  const [, name = ""] = /"HttpApiIntegration(\w+)"/.exec(JSON.stringify(Target)) ?? [];
  const { FunctionName } = LambdaFunction.parse(resources[`${name}LambdaFunction`]?.Properties);
  const authorizer = AuthorizerId && Authorizer.parse(resources[AuthorizerId.Ref]?.Properties).Name;
  const parameters = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, parameter]) => ({
    name: parameter,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    ...(parameters.length > 0 && { parameters }),
    responses: {},
    ...(authorizer !== undefined && { security: [{ [authorizer]: AuthorizationScopes }] }),
    "x-amazon-apigateway-integration": {
      type: "aws_proxy",
      httpMethod: "POST",
      uri: invocationUri(FunctionName),
      payloadFormatVersion: "2.0",
    },
  };
}

/** The alias by its name, not by reference: a function may need the API's address, which would close a circle. */
const invocationUri = (name: string) =>
  sub(
    `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/${ownArn("lambda", `function:${name}:live`)}/invocations`,
  );

function securityScheme(properties: unknown): [name: string, scheme: object] {
  const { Name, IdentitySource, JwtConfiguration } = Authorizer.parse(properties);
  const jwtConfiguration = { issuer: JwtConfiguration.Issuer, audience: JwtConfiguration.Audience };
  return [
    Name,
    {
      type: "oauth2",
      "x-amazon-apigateway-authorizer": { type: "jwt", identitySource: IdentitySource[0], jwtConfiguration },
    },
  ];
}
