import { expect, test } from "vitest";
import { redirectUriProblem } from "../../../lib/sign-in/redirect-uri.ts";
import { parseSignInSecret } from "../../../lib/sign-in/secret.ts";
import { clients, newSigningKey } from "../../support/sign-in-lab.ts";

test.each([
  "https://app.acme.example/signed-in",
  "http://127.0.0.1/signed-in",
  "http://[::1]:8080/",
  "http://localhost:3000/docs",
  "com.acme.numbers:/signed-in",
  "com.acme.numbers://signed-in",
])("an app may be called back at %s", (uri) => {
  expect(redirectUriProblem(uri)).toBeUndefined();
});

test.each([
  ["signed-in", "no URL"],
  ["http://app.acme.example/signed-in", "without TLS"],
  ["http://127.0.0.1.evil.example/", "without TLS"],
  ["https://*.acme.example/", "wildcard"],
  ["https://app.acme.example/#here", "fragment"],
  ["https://app.acme.example/#", "fragment"],
  ["https://ana@app.acme.example/", "user name"],
  ["javascript:alert(1)", "scheme"],
  ["data:text/html,x", "scheme"],
  ["acme:/signed-in", "scheme"],
])("no app is called back at %s: %s", (uri, problem) => {
  expect(redirectUriProblem(uri)).toContain(problem);
});

const [current, next] = [newSigningKey("1"), newSigningKey("2")];
const good = {
  signingKeys: { current, next },
  cookieKeys: ["A".repeat(43)],
  clients: Object.values(clients),
};

test("the secret is complete, or its faulty field is named", () => {
  expect(parseSignInSecret(JSON.stringify(good))).toEqual(good);
  const { d: _, ...publicKey } = current;
  const wrong: [string, object][] = [
    ["signingKeys", { signingKeys: { current } }],
    ["signingKeys", { signingKeys: { current: publicKey, next } }],
    ["cookieKeys", { cookieKeys: [] }],
    ["clients", { clients: [clients.app, clients.app] }],
    ["clients", { clients: [{ ...clients.app, clientId: "37-101" }] }],
    ["clients", { clients: [{ ...clients.app, redirectUris: ["http://acme.example"] }] }],
    ["clients", { clients: [{ ...clients.app, secretHash: "a secret" }] }],
  ];
  for (const [field, change] of wrong) {
    const parse = () => parseSignInSecret(JSON.stringify({ ...good, ...change }));
    expect(parse).toThrow(`secret field ${field}`);
    expect(parse).not.toThrow(current.d);
  }
});
