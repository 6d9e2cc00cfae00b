/** The emulator's Lambda API: invokes functions that serve no route. */
export interface LambdaApi {
  /**
   * @param name the function's key
   * @throws when the function does
   */
  invoke<Result>(name: string, event: object, signal: AbortSignal): Promise<Result>;
}

export function connectLambdaApi(url: string, prefix: string): LambdaApi {
  return {
    async invoke(name, event, signal) {
      const address = `${url}/2015-03-31/functions/${prefix}-${name}/invocations`;
      const response = await fetch(address, { method: "POST", body: JSON.stringify(event), signal });
      const text = await response.text();
      const result = text === "" ? undefined : JSON.parse(text);
      const failure = result?.errorMessage;
      if (!response.ok || failure !== undefined) throw new Error(`${name}: ${failure ?? text}`);
      return result;
    },
  };
}
