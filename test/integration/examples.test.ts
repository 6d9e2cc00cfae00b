import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../infra/build/bundle.ts";
import {
  type ProblemCode,
  type ProblemDetails,
  ProblemError,
  problems,
} from "../../lib/contract/problems.ts";
import { problemBody } from "../../lib/http/problem.ts";
import { exampleOrder, exampleRequest } from "../support/example-requests.ts";
import { callRoute } from "../support/handlers.ts";
import { type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
beforeAll(async () => {
  service = await startService();
  sync = await startSyncServices();
  lab = syncLab(service, sync);
  await lab.deliver({
    accountId: SEED.accountId,
    kind: "directory",
    trigger: "schedule",
    requestedAt: Date.now(),
  });
  await lab.syncNow();
});
afterAll(async () => {
  await sync.stop();
  await service.stop();
});

/** Details as the code that throws each problem gives them. */
const details: Partial<Record<ProblemCode, ProblemDetails>> = {
  request_invalid: {
    errors: [
      { in: "query", field: "limit", code: "format", detail: "Must be a whole number from 1 to 1000." },
    ],
  },
  parameter_invalid: {
    errors: [
      {
        in: "body",
        field: "phoneNumber",
        code: "refused",
        detail: "RingCentral does not accept this value.",
      },
    ],
    upstream: { status: 400, errorCode: "CMN-101", requestId: "2f4a1d6e" },
  },
  number_already_listed: {
    entry: {
      id: "MTIwMjU1NTAxNTE",
      phoneNumber: "+12025550151",
      label: "Robocaller",
      status: "blocked",
      etag: '"0WBlA7nLr2C3"',
    },
  },
  upstream_permission_denied: {
    detail: "The RingCentral user behind the call lacks the permission ReadBlockedNumbers.",
    upstream: { status: 403, errorCode: "CMN-408", requestId: "2f4a1d6e" },
  },
  scope_missing: { detail: "This route needs the scope `numbers:read`." },
  upstream_rate_limited: { retryAfterSeconds: 42 },
};

const context = { requestId: "0b9d2c7e-3c54-4f0e-9a53-6a1d2f7f9b10", typeBase: "/docs/errors" };
const problemExample = (code: ProblemCode) => problemBody(new ProblemError(code, details[code]), context);

const file = join(projectRoot, "docs/examples.json");

/** What differs between two runs. */
const settled = (body: unknown) =>
  JSON.parse(
    JSON.stringify(body)
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "2026-01-01T09:30:00.000Z")
      .replace(/"id":"[a-z0-9]+-1-0"/g, '"id":"mwxy7p5r-1-0"')
      .replace(/cursor=[\w.-]+/g, "cursor=eyJ2IjoxfQ.Zm9v")
      .replace(/"nextCursor":"[^"]+"/g, '"nextCursor":"eyJ2IjoxfQ.Zm9v"'),
  );

test("every request that the API reference fills in succeeds, with the response that docs/examples.json shows", async () => {
  const recorded = JSON.parse(await readFile(file, "utf8"));
  const responses: Record<string, unknown> = {};
  for (const route of exampleOrder) {
    service.twin.clearLimits();
    const { status, body } = await callRoute(route, {
      token: service.tokens.admin,
      ...exampleRequest(route),
    });
    expect(status, `${route.operationId}: ${JSON.stringify(body)}`).toBeLessThan(300);
    // A person's tag covers when they were connected.
    if (route.operationId === "listPeople") body.data[0].etag = '"TXtdDY44_QIsTy7LVuCz1fyIGy9"';
    if (body !== undefined) responses[route.operationId] = settled(body);
  }
  // What is left of a budget depends on the moment: the first recording stays.
  responses.getLimits = recorded.responses.getLimits ?? responses.getLimits;
  const codes = Object.keys(problems).filter((code): code is ProblemCode => code in problems);
  const shown = Object.fromEntries(codes.map((code) => [code, problemExample(code)]));
  const text = `${JSON.stringify({ responses, problems: shown }, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(file);
});
