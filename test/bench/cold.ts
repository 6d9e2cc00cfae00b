// `npm run bench:cold`: cold starts under AWS's own runtime client, installed in .build at the first run.
import { measureColdStarts } from "./cold-starts.ts";
import { installRuntimeClient, underLambdaRuntime } from "./lambda-runtime.ts";

installRuntimeClient();
await measureColdStarts(underLambdaRuntime, "Lambda's runtime client");
