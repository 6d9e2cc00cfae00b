// `npm run bench`: the cost of one request in a warm process. `npm run bench:all` runs all measurements.
import { measureRequests } from "./requests.ts";

await measureRequests();
