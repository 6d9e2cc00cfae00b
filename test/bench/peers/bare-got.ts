// The least that serves the same operations: got, a token kept in the process, RingCentral's lists in our shape. It
// neither checks its caller nor shares a token, a limit or a cache with other processes.
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import got from "got";

interface List {
  records: { id: string | number; phoneNumber: string; name?: string; label?: string }[];
}

const {
  RINGCENTRAL_SERVER = "",
  RINGCENTRAL_CLIENT_ID = "",
  RINGCENTRAL_CLIENT_SECRET = "",
  RINGCENTRAL_JWT = "",
  RINGCENTRAL_EXTENSION = "~",
} = process.env;
const extension = `restapi/v1.0/account/~/extension/${RINGCENTRAL_EXTENSION}`;
const ringcentral = got.extend({
  prefixUrl: RINGCENTRAL_SERVER,
  responseType: "json",
  timeout: { request: 10_000 },
});

let token: { value: string; endsAt: number } | undefined;

async function bearer(): Promise<string> {
  if (token === undefined || Date.now() > token.endsAt) {
    const { access_token, expires_in } = await ringcentral
      .post("restapi/oauth/token", {
        username: RINGCENTRAL_CLIENT_ID,
        password: RINGCENTRAL_CLIENT_SECRET,
        form: { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: RINGCENTRAL_JWT },
      })
      .json<{ access_token: string; expires_in: number }>();
    token = { value: access_token, endsAt: Date.now() + (expires_in - 60) * 1_000 };
  }
  return `Bearer ${token.value}`;
}

async function list(path: string) {
  const headers = { authorization: await bearer() };
  const { records } = await ringcentral.get(`${extension}/${path}`, { headers }).json<List>();
  return records.map(({ id, phoneNumber, name, label = name }) => ({ id: String(id), phoneNumber, label }));
}

async function block(body: unknown) {
  const headers = { authorization: await bearer() };
  const { phoneNumber, label } = JSON.parse(String(body));
  const json = { phoneNumber, name: label };
  return ringcentral.post(`${extension}/blocked-number`, { headers, json }).json();
}

async function overview() {
  const [blocked, allowed, forwarding, direct] = await Promise.all([
    list("blocked-number?perPage=100"),
    list("caller-blocking/phone-numbers?status=Allowed&perPage=100"),
    list("forwarding-number?perPage=100"),
    list("phone-number?usageType=DirectNumber&perPage=100"),
  ]);
  return { blocked, allowed, forwarding, direct };
}

export async function handler(event: APIGatewayProxyEventV2) {
  const { method, path } = event.requestContext.http;
  const data = await (path.endsWith("/overview")
    ? overview()
    : method === "POST"
      ? block(event.body)
      : list("blocked-number?perPage=100"));
  return {
    statusCode: method === "POST" ? 201 : 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data }),
  };
}
