import { logicalName } from "../resources/functions.ts";

/** The name of every function's alias. API Gateway, queues and schedules call the alias, never the newest code. */
const ALIAS = "live";

/** The parts of osls's own objects that this plugin reads or changes. */
interface Serverless {
  service: {
    functions: Record<
      string,
      { targetAlias?: { name: string; logicalId: string }; versionLogicalId?: string }
    >;
    provider: { compiledCloudFormationTemplate: { Resources: Record<string, unknown> } };
  };
}

/**
 * A plugin for osls that puts an alias between each function and its callers, so that CodeDeploy can move the calls to
 * a new version step by step, and back (infra/resources/rollout.ts has the rest).
 *
 * osls has a place for such an alias, and fills it only for provisioned concurrency. Once it is filled, every
 * integration, permission and event that osls makes goes to the alias. The published plugin for this,
 * serverless-plugin-canary-deployments, targets Node 4, has had no release for years, and rewrites events afterwards,
 * one kind at a time.
 */
export default class RolloutPlugin {
  readonly hooks: Record<string, () => void>;

  constructor({ service }: Serverless) {
    this.hooks = {
      "before:package:compileFunctions": () => nameAliases(service),
      "after:package:compileFunctions": () => makeAliases(service),
    };
  }
}

function nameAliases({ functions }: Serverless["service"]): void {
  for (const [key, definition] of Object.entries(functions)) {
    definition.targetAlias = { name: ALIAS, logicalId: `${logicalName(key)}LambdaAlias` };
  }
}

/** The logical id of a version has the hash of its code, which osls computes only at this point. */
function makeAliases({ functions, provider }: Serverless["service"]): void {
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
