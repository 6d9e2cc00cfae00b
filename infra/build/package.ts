// `npm run package`: the deployable artefacts, without credentials and without the network.
import { readOptions, runCommand, UsageError } from "../local/command-line.ts";
import { issuerProblem } from "../resources/stack.ts";
import { packageStage } from "./package-stage.ts";

const usage = `usage: npm run package -- [options]

  --stage NAME         dev (the default), staging, prod or a name of your own
  --region NAME        the AWS region
  --param NAME=VALUE   another value for a parameter of serverless.yml (repeatable)
  --help               this text

environment: the variables in docs/operations.md; placeholders stand for those that deploying needs`;

await runCommand(async () => {
  const { stage } = readOptions(usage, {
    stage: { type: "string", default: "dev" },
    region: { type: "string" },
    param: { type: "string", multiple: true },
  });
  const problem = process.env.AUTH_ISSUER && issuerProblem(process.env.AUTH_ISSUER);
  if (problem) throw new UsageError(problem);
  await packageStage(stage, process.argv.slice(2));
  if (!process.env.AUTH_ISSUER) {
    console.log(
      "AUTH_ISSUER is not set: the template names a placeholder, and npm run deploy would reject it.",
    );
  }
});
