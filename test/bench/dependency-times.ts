import { channel } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import * as z from "zod/mini";

/** Time in a server of this process, from the request's headers to the end of its response. */
export interface Times {
  calls: number;
  /** Of all calls together, where they overlap counted once. */
  ms: number;
}
export type Dependency = "table" | "secrets" | "RingCentral" | "issuer";

const Exchange = z.object({ request: z.custom<IncomingMessage>((value) => typeof value === "object") });

/** Observes the servers of this process, which are the dependencies of a function in another one. */
export class DependencyTimes {
  readonly #ports: Readonly<Record<string, Dependency>>;
  readonly #begun = new Map<IncomingMessage, number>();
  #spans: { dependency: Dependency; from: number; to: number }[] = [];

  /** @param ports the dependency that listens on each; the table and Secrets Manager are told by their requests */
  constructor(ports: Readonly<Record<string, Dependency>>) {
    this.#ports = ports;
    channel("http.server.request.start").subscribe((message) => {
      this.#begun.set(Exchange.parse(message).request, performance.now());
    });
    channel("http.server.response.finish").subscribe((message) => {
      const { request } = Exchange.parse(message);
      const [from, dependency] = [this.#begun.get(request), this.#dependencyOf(request)];
      this.#begun.delete(request);
      if (from === undefined || dependency === undefined) return;
      this.#spans.push({ dependency, from, to: performance.now() });
    });
  }

  /** Times since the last call. */
  take(): Record<Dependency | "all", Times> {
    const spans = this.#spans;
    this.#spans = [];
    const of = (dependency: Dependency) => timesOf(spans.filter((span) => span.dependency === dependency));
    return {
      table: of("table"),
      secrets: of("secrets"),
      RingCentral: of("RingCentral"),
      issuer: of("issuer"),
      all: timesOf(spans),
    };
  }

  #dependencyOf({ headers, socket }: IncomingMessage): Dependency | undefined {
    const target = String(headers["x-amz-target"] ?? "");
    if (target.startsWith("DynamoDB")) return "table";
    if (target.startsWith("secretsmanager")) return "secrets";
    return this.#ports[String(socket.localPort)];
  }
}

function timesOf(spans: readonly { from: number; to: number }[]): Times {
  let [ms, until] = [0, 0];
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    ms += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return { calls: spans.length, ms };
}
