import { prices } from "./prices.ts";
import type { Usage } from "./requests.ts";

const GB = 1e9;
const MB_OF_A_GB = 1_024;

const id = "8a0b8d90-57f6-4b0e-9d2c-1c5f0e6a7b21";
/** What Lambda and the gateway log of each request besides the function's lines, as they look. */
const platformLines = [
  `START RequestId: ${id} Version: 12\n`,
  `END RequestId: ${id}\n`,
  `REPORT RequestId: ${id}\tDuration: 182.41 ms\tBilled Duration: 183 ms\tMemory Size: 1024 MB\tMax Memory Used: 141 MB\t`,
  `XRAY TraceId: 1-66f0c2a1-5d0c1f2e3a4b5c6d7e8f9a0b\tSegmentId: 0a1b2c3d4e5f6a7b\tSampled: true\n`,
  `{"time":"26/Nov/2026:09:12:31 +0000","requestId":"f0AbCdEfGhIjKlM=","lambdaRequestId":"${id}",`,
  `"routeKey":"GET /v1/extensions/{extensionId}/overview","status":"200","authorizerError":"-","integrationError":"-",`,
  `"integrationLatency":"190","responseLatency":"193","responseLength":"2610"}\n`,
].join("").length;

/** Dollars of one request by service. */
export type Bill = Record<(typeof services)[number], number>;
export const services = ["gateway", "lambda", "reads", "writes", "logs", "traces", "data out"] as const;

/** @param traced the share of the requests that Lambda traces: all of them up to one a second, then 5 % of the others */
export function billOf({ ms, memoryMb, readUnits, writeUnits, logBytes, outBytes }: Usage, traced = 1): Bill {
  return {
    gateway: prices.httpApiRequest.usd,
    lambda:
      prices.lambdaRequest.usd +
      (Math.ceil(ms) / 1_000) * (memoryMb / MB_OF_A_GB) * prices.lambdaGbSecond.usd,
    reads: readUnits * prices.readUnit.usd,
    writes: writeUnits * prices.writeUnit.usd,
    logs: ((logBytes + platformLines) / GB) * prices.logGb.usd,
    traces: traced * prices.trace.usd,
    "data out": (outBytes / GB) * prices.dataOutGb.usd,
  };
}

export const sumOf = (bill: Bill) => services.reduce((sum, service) => sum + bill[service], 0);

export function scaled(bill: Bill, by: number): Bill {
  const of = (service: keyof Bill) => bill[service] * by;
  return {
    ...{ gateway: of("gateway"), lambda: of("lambda"), reads: of("reads"), writes: of("writes") },
    ...{ logs: of("logs"), traces: of("traces"), "data out": of("data out") },
  };
}

/** The share of a function's requests that is traced [AWS: Lambda's X-Ray sampling, which cannot be changed]. */
export function tracedShare(requestsASecond: number): number {
  if (requestsASecond <= 1) return 1;
  return (1 + 0.05 * (requestsASecond - 1)) / requestsASecond;
}
