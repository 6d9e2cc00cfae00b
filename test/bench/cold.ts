// `npm run bench:cold`: cold starts under AWS's own runtime client, which it installs in .build the first time.
import { measureColdStarts } from "./cold-starts.ts";
import { installRuntimeClient, underLambdaRuntime } from "./lambda-runtime.ts";

installRuntimeClient();
await measureColdStarts(underLambdaRuntime, "Lambda's runtime client");
