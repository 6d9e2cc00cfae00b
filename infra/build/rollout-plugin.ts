import * as z from "zod/mini";

/** The name of every function's alias: API Gateway, queues and schedules call that, never the newest code. */
const ALIAS = "live";

/** The parts of osls's own objects that are changed here: checked for being there, but not copied. */
interface Service {
  functions: Record<
    string,
    { targetAlias?: { name: string; logicalId: string }; versionLogicalId?: string | undefined }
  >;
  provider: { compiledCloudFormationTemplate: { Resources: Record<string, unknown> } };
}
const Shape = z.object({
  functions: z.record(z.string(), z.looseObject({ versionLogicalId: z.optional(z.string()) })),
  provider: z.looseObject({
    compiledCloudFormationTemplate: z.looseObject({ Resources: z.record(z.string(), z.unknown()) }),
  }),
});
const Serverless = z.object({ service: z.custom<Service>((service) => Shape.safeParse(service).success) });

/**
 * A plugin for osls that puts an alias between each function and whatever calls it, so that CodeDeploy can move the
 * calls over to a new version bit by bit and back again (infra/resources/rollout.ts has the rest).
 *
 * osls keeps a place for such an alias, which it fills itself for provisioned concurrency only: with it filled,
 * every integration, permission and event that osls makes goes to the alias. The published plugin for this,
 * serverless-plugin-canary-deployments, was made for Node 4, has had no release for years, and rewrites events
 * afterwards, one kind at a time.
 */
export default class RolloutPlugin {
  readonly hooks: Record<string, () => void>;

  constructor(serverless: unknown) {
    this.hooks = {
      "before:package:compileFunctions": () => nameAliases(Serverless.parse(serverless).service),
      "after:package:compileFunctions": () => makeAliases(Serverless.parse(serverless).service),
    };
  }
}

function nameAliases({ functions }: Service): void {
  for (const [key, definition] of Object.entries(functions)) {
    definition.targetAlias = { name: ALIAS, logicalId: `${logicalName(key)}LambdaAlias` };
  }
}

/** The logical id of a version holds the hash of its code: only now is it known. */
function makeAliases({ functions, provider }: Service): void {
  const { Resources } = provider.compiledCloudFormationTemplate;
  for (const [key, { versionLogicalId }] of Object.entries(functions)) {
    if (versionLogicalId === undefined) throw new Error(`osls made no version of ${key}`);
    Resources[`${logicalName(key)}LambdaAlias`] = {
      Type: "AWS::Lambda::Alias",
      Properties: {
        FunctionName: { Ref: `${logicalName(key)}LambdaFunction` },
        FunctionVersion: { "Fn::GetAtt": [versionLogicalId, "Version"] },
        Name: ALIAS,
      },
    };
  }
}

const logicalName = (key: string) => `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;
