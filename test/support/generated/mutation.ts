import type { Arbitrary } from "fast-check";
import type { GeneratedRequest } from "./request.ts";

/** One change of a request that fitted the OpenAPI file; now it may not. */
export interface Mutation {
  name: string;
  apply(request: GeneratedRequest): GeneratedRequest;
}

export const mutation = <Value>(
  name: string,
  values: Arbitrary<Value>,
  apply: (request: GeneratedRequest, value: Value) => GeneratedRequest,
): Arbitrary<Mutation> => values.map((value) => ({ name, apply: (request) => apply(request, value) }));
