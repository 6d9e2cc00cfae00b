import { expect, test } from "vitest";
import {
  describeSecret,
  newMachineSecret,
  newSecret,
  withClient,
  withNextKeys,
  withoutClient,
} from "../../../infra/sign-in/content.ts";
import { redirectUriProblem } from "../../../lib/sign-in/redirect-uri.ts";
import { isHashOf, parseSignInSecret } from "../../../lib/sign-in/secret.ts";
import { clients } from "../../support/sign-in-lab.ts";

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

const good = { ...newSecret(0), clients: Object.values(clients) };
const { current, next } = good.signingKeys;

test("the secret is complete, or its faulty field is named", () => {
  expect(parseSignInSecret(JSON.stringify(good))).toEqual(good);
  const { d: _, ...publicKey } = current;
  const wrong: [string, object][] = [
    ["signingKeys", { signingKeys: { current, changedAt: 0 } }],
    ["signingKeys", { signingKeys: { current: publicKey, next, changedAt: 0 } }],
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

test("keys rotate only after the next one was published for three hours", () => {
  const hours = (count: number) => count * 3_600_000;
  expect(() => withNextKeys(good, hours(2.9))).toThrow("rotate in 0.1 h");
  const once = withNextKeys(good, hours(3));
  expect(once.signingKeys).toMatchObject({ current: next, previous: current, changedAt: hours(3) });
  expect(once.cookieKeys.slice(1)).toEqual(good.cookieKeys);
  expect(() => withNextKeys(once, hours(5))).toThrow("rotate in 1.0 h");
  const twice = withNextKeys(once, hours(6));
  expect(twice.signingKeys).toMatchObject({ current: once.signingKeys.next, previous: next });
  expect(twice.cookieKeys).toHaveLength(2);
});

test("clients are added, changed and removed, and shown without secrets", () => {
  const { secret, secretHash } = newMachineSecret();
  expect([isHashOf(secretHash, secret), isHashOf(secretHash, "x"), isHashOf("", "")]).toEqual([
    true,
    false,
    false,
  ]);
  const changed = withClient(good, { ...clients.machine, secretHash, name: "Other" });
  expect(changed.clients.map(({ name }) => name)).toEqual(["Acme", "Other", "Other"]);
  expect(withoutClient(changed, "night-job").clients).toHaveLength(2);
  expect(() => withClient(good, { ...clients.app, redirectUris: ["http://acme.example"] })).toThrow(
    "without TLS",
  );
  const shown = describeSecret(changed);
  expect(shown).toContain("client night-job (Other), with a secret");
  for (const hidden of [secretHash, current.d, good.cookieKeys[0] ?? ""]) expect(shown).not.toContain(hidden);
});
