import * as z from "zod/mini";
import { spell, type Template } from "./template.ts";

const Operation = z.looseObject({
  security: z.optional(z.array(z.record(z.string(), z.array(z.string())))),
  "x-amazon-apigateway-integration": z.object({ uri: z.unknown() }),
});
const Body = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ securitySchemes: z.record(z.string(), z.unknown()) }),
});

/** A route as the gateway serves it. */
export interface GatewayRoute {
  /** Its name at the gateway: `GET /v1/me`. */
  key: string;
  /** The function that it calls, by its name in AWS, and which version or alias of it. */
  functionName: string;
  qualifier: string;
  /** The gateway checks the token, and whether it has one of these scopes. Absent: it does not. */
  scopes?: string[];
}

/** Whether the gateway checks tokens at all. @throws for a body in another form */
export const hasAuthorizer = ({ Resources }: Template): boolean =>
  Object.keys(Body.parse(Resources.HttpApi?.Properties.Body).components.securitySchemes).length > 0;

/** The routes in the body of the template's API. @throws for a body in another form */
export function gatewayRoutes({ Resources }: Template): GatewayRoute[] {
  const { paths } = Body.parse(Resources.HttpApi?.Properties.Body);
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const uri = spell(operation["x-amazon-apigateway-integration"].uri);
      const [, functionName = "", qualifier = ""] =
        /:function:([\w-]+)(?::(\w+))?\/invocations$/.exec(uri) ?? [];
      const scopes = operation.security?.flatMap((one) => Object.values(one).flat());
      const verb = method === "x-amazon-apigateway-any-method" ? "ANY" : method.toUpperCase();
      return { key: `${verb} ${path}`, functionName, qualifier, ...(scopes !== undefined && { scopes }) };
    }),
  );
}
