/** The emulator's Lambda API: invokes the functions that no route leads to, each in an instance as any other. */
export interface LambdaApi {
  /**
   * @param name its key in serverless.yml
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
      const answer = text === "" ? undefined : JSON.parse(text);
      const isFailure = answer !== null && typeof answer === "object" && "errorMessage" in answer;
      if (!response.ok || isFailure) throw new Error(`${name}: ${isFailure ? answer.errorMessage : text}`);
      return answer as Result;
    },
  };
}
