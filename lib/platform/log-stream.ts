import type { ClientRequest } from "node:http";
import { buffer } from "node:stream/consumers";
import { Sha256 } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod/mini";

const Rejected = z.object({ rejectedLogEventsInfo: z.optional(z.object({})) });

/**
 * Puts one line into a stream of CloudWatch Logs, which has confirmed it when the promise resolves. Any number of
 * processes may write to one stream. [AWS: https://docs.aws.amazon.com/goto/WebAPI/logs/PutLogEvents]
 *
 * The AWS client for CloudWatch Logs would be 93 KB of every bundle, for this one request; signing it is the SDK's part
 * that the bundles have. Region, credentials and endpoint come from the standard AWS variables, as Lambda sets them.
 * @throws Error naming the failure
 */
export async function putLogLine(
  { group, stream, at, line }: { group: string; stream: string; at: number; line: string },
  signal: AbortSignal,
  signer = signerOf(process.env),
): Promise<void> {
  const { region } = signer;
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const url = new URL(process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS ?? `https://logs.${region}.${suffix}`);
  const body = JSON.stringify({
    logGroupName: group,
    logStreamName: stream,
    logEvents: [{ timestamp: at, message: line }],
  });
  const headers = await sign(url, signer, body);
  const { request } = url.protocol === "http:" ? await import("node:http") : await import("node:https");
  const response = await new Promise<Buffer>((resolve, reject) => {
    const sent: ClientRequest = request(url, { method: "POST", headers, signal }, (received) => {
      if (received.statusCode === 200) buffer(received).then(resolve, reject);
      else {
        received.resume();
        reject(new Error(`HTTP ${received.statusCode}`));
      }
    });
    sent.once("error", reject).end(body);
  });
  // 200 also for a line that is too old or too new.
  const { rejectedLogEventsInfo } = Rejected.parse(JSON.parse(response.toString("utf8") || "{}"));
  if (rejectedLogEventsInfo !== undefined) throw new Error("the line was rejected");
}

interface Signer {
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

function signerOf(env: Readonly<Record<string, string | undefined>>): Signer {
  const { AWS_REGION = "us-east-1", AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = env;
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
  };
  return { region: AWS_REGION, credentials };
}

async function sign({ protocol, hostname, port, host }: URL, signer: Signer, body: string) {
  const signed = await new SignatureV4({ service: "logs", sha256: Sha256, ...signer }).sign({
    method: "POST",
    protocol,
    hostname,
    ...(port !== "" && { port: Number(port) }),
    path: "/",
    headers: {
      host,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "Logs_20140328.PutLogEvents",
    },
    body,
  });
  return signed.headers;
}
