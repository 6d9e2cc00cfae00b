import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { addForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { invoke } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
// A fresh fleet for each test: after a few rejected tokens a fleet stops logging in for a while.
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

/** [contract 4] Each row of the table, for any operation. */
const table: [string, number, number, string][] = [
  ["CMN-101", 400, 400, "parameter_invalid"],
  ["CMN-100", 400, 400, "parameter_invalid"],
  ["CMN-103", 400, 400, "parameter_invalid"],
  ["CMN-104", 400, 400, "parameter_invalid"],
  ["CMN-406", 400, 400, "parameter_invalid"],
  ["CMN-407", 400, 400, "parameter_invalid"],
  ["CMN-409", 400, 400, "parameter_invalid"],
  ["CMN-411", 400, 400, "parameter_invalid"],
  ["FPN-102", 400, 409, "forwarding_label_duplicate"],
  ["FPN-103", 400, 409, "forwarding_limit_reached"],
  ["FPN-104", 400, 409, "forwarding_custom_label_limit_reached"],
  ["FPN-105", 400, 409, "number_belongs_to_account"],
  ["FPN-106", 400, 409, "flip_number_in_use"],
  ["FPN-108", 400, 403, "international_calling_disabled"],
  ["AWR-180", 400, 403, "call_handling_unavailable"],
  ["CMN-403", 403, 403, "feature_not_available"],
  ["CMN-109", 403, 403, "feature_not_available"],
  ["CMN-408", 403, 403, "upstream_permission_denied"],
  ["CMN-402", 403, 403, "upstream_permission_denied"],
  ["CMN-404", 403, 403, "upstream_permission_denied"],
  ["CMN-401", 403, 502, "upstream_app_permission_missing"],
  ["CMN-405", 401, 502, "upstream_auth_failed"],
  ["OAU-151", 401, 502, "upstream_auth_failed"],
  ["OAU-128", 401, 502, "upstream_auth_failed"],
  ["CMN-102", 404, 404, "not_found"],
  ["XYZ-999", 400, 400, "parameter_invalid"],
  ["XYZ-999", 402, 422, "upstream_rejected"],
  ["XYZ-999", 406, 422, "upstream_rejected"],
  ["XYZ-999", 409, 422, "upstream_rejected"],
  ["XYZ-999", 412, 422, "upstream_rejected"],
  ["XYZ-999", 418, 422, "upstream_rejected"],
  ["XYZ-999", 451, 422, "upstream_rejected"],
  // No such endpoint: an operator has to know.
  ["AGW-404", 404, 502, "upstream_error"],
  ["CMN-120", 404, 502, "upstream_error"],
  ["XYZ-999", 405, 502, "upstream_error"],
  ["XYZ-999", 410, 502, "upstream_error"],
  // A 5xx to a write may come from a gateway.
  ["CMN-203", 500, 503, "outcome_unknown"],
];

describe("RingCentral's error codes", () => {
  it.each(table)("%s (%i) becomes %i %s", async (errorCode, upstreamStatus, status, code) => {
    service.twin.faults.add({
      operation: "addForwardingNumber",
      times: 9,
      kind: "status",
      status: upstreamStatus,
      errorCode,
      message: "RingCentral's own words",
      headers: { RCRequestId: "6d0b6d5e-0000-11f0-9000-000000000001" },
    });
    const response = await invoke(addForwardingNumber, addForwardingNumberRoute, {
      token: service.tokens.user,
      body: { phoneNumber: "+12025550161" },
      // A login after a 401 needs 2 s of its own. An unknown outcome is looked for as long as there is time.
      remainingMs: upstreamStatus === 401 ? 15_000 : 4_500,
    });
    expect([response.status, response.body.code]).toEqual([status, code]);
    expect(response.body.upstream).toMatchObject({ status: upstreamStatus, errorCode });
    expect(response.body.detail).not.toContain("RingCentral's own words");
  });
});

describe("the twin's own errors", () => {
  const add = (body: object, extensionId = "me", token = service.tokens.admin) =>
    invoke(addForwardingNumber, addForwardingNumberRoute, { token, path: { extensionId }, body });

  it("name the field in the API's words", async () => {
    const response = await add({ phoneNumber: "+12025550161", flipNumber: 9 });
    expect(response).toMatchObject({
      status: 400,
      body: { code: "parameter_invalid", errors: [{ in: "body", field: "flipNumber", code: "refused" }] },
    });
  });

  it("name the resource that was not found", async () => {
    const response = await add({ phoneNumber: "+12025550161" }, "3999999");
    expect(response).toMatchObject({
      status: 404,
      body: {
        code: "not_found",
        detail: expect.stringMatching(
          /^The extension was not found\. .* `me`, not the number that people dial/,
        ),
      },
    });
  });

  it("name the missing permission", async () => {
    service.twin.setPermissions({ user: ["ReadUserForwardingFlipNumbers", "ThirdPartyAppAccess"] });
    const response = await add({ phoneNumber: "+12025550161" });
    expect(response).toMatchObject({ status: 403, body: { code: "upstream_permission_denied" } });
    expect(response.body.detail).toContain("EditUserForwardingFlipNumbers");
  });
});
