// The same operations as they are commonly written: RingCentral's SDK behind Express and serverless-http. As in
// bare-got.ts, nothing is shared with other processes and callers are not checked.
import { SDK } from "@ringcentral/sdk";
import express from "express";
import serverless from "serverless-http";

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
const extension = `/restapi/v1.0/account/~/extension/${RINGCENTRAL_EXTENSION}`;
const platform = new SDK({
  server: RINGCENTRAL_SERVER,
  clientId: RINGCENTRAL_CLIENT_ID,
  clientSecret: RINGCENTRAL_CLIENT_SECRET,
}).platform();

let login: Promise<unknown> | undefined;

/** The SDK refreshes an expired token itself. */
async function signedIn() {
  login ??= platform.login({ jwt: RINGCENTRAL_JWT });
  await login;
  return platform;
}

async function list(path: string, query: Record<string, string> = {}) {
  const response = await (await signedIn()).get(`${extension}/${path}`, { perPage: 100, ...query });
  const { records }: List = JSON.parse(await response.text());
  return records.map(({ id, phoneNumber, name, label = name }) => ({ id: String(id), phoneNumber, label }));
}

const app = express();
app.use(express.json());
app.get("/v1/extensions/me/blocked-numbers", async (_, response) => {
  response.json({ data: await list("blocked-number") });
});
app.post("/v1/extensions/me/blocked-numbers", async (request, response) => {
  const { phoneNumber, label } = request.body;
  const body = { phoneNumber, name: label };
  const created = await (await signedIn()).post(`${extension}/blocked-number`, body);
  response.status(201).json({ data: await created.json() });
});
app.get("/v1/extensions/me/overview", async (_, response) => {
  const [blocked, allowed, forwarding, direct] = await Promise.all([
    list("blocked-number"),
    list("caller-blocking/phone-numbers", { status: "Allowed" }),
    list("forwarding-number"),
    list("phone-number", { usageType: "DirectNumber" }),
  ]);
  response.json({ data: { blocked, allowed, forwarding, direct } });
});

export const handler = serverless(app);
