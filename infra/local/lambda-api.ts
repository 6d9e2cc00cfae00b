/** The emulator's Lambda API: invokes functions that serve no route. */
export interface LambdaApi {
  /**
   * @param name the function's key
   * @throws when the function does
   */
  invoke<Result>(name: string, event: object, signal?: AbortSignal): Promise<Result>;
}

export function connectLambdaApi(url: string, prefix: string): LambdaApi {
  return {
    async invoke<Result>(name: string, event: object, signal?: AbortSignal) {
      const response = await fetch(`${url}/2015-03-31/functions/${prefix}-${name}/invocations`, {
        method: "POST",
        body: JSON.stringify(event),
        ...(signal !== undefined && { signal }),
      });
      const text = await response.text();
      const result = text === "" ? undefined : JSON.parse(text);
      const isFailure = result !== null && typeof result === "object" && "errorMessage" in result;
      if (!response.ok || isFailure) throw new Error(`${name}: ${isFailure ? result.errorMessage : text}`);
      return result as Result;
    },
  };
}
