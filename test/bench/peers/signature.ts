// A part of ours: the check of a token's signature.
import { compactVerify, generateKeyPair, SignJWT } from "jose";

const keys = generateKeyPair("RS256");
const token = keys.then(({ privateKey }) =>
  new SignJWT({ sub: "bench" }).setProtectedHeader({ alg: "RS256" }).sign(privateKey),
);

export async function handler() {
  await compactVerify(await token, (await keys).publicKey);
  return { statusCode: 200 };
}
