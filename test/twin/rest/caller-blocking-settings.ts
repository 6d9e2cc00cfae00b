import { type HttpResponse, json } from "../edge/response.ts";
import type { ExtensionCall } from "./call.ts";
import { invalidParameter } from "./errors.ts";
import { enumField, readJsonObject } from "./json-body.ts";

export function getCallerBlockingSettings(call: ExtensionCall): HttpResponse {
  return json(200, call.extension.callerBlockingSettings);
}

/** Whether omitted fields are reset, as RingCentral's general rule for a PUT says, is an option of the twin [unsure]. */
const reset = { mode: "Specific", noCallerId: "Allow", payPhones: "Allow", greetings: [] } as const;

export function updateCallerBlockingSettings(call: ExtensionCall): HttpResponse {
  const body = readJsonObject(call.request);
  const { extension } = call;
  const settings = call.settings.putCallerBlocking === "replace" ? reset : extension.callerBlockingSettings;
  const greetings = body.greetings ?? settings.greetings;
  if (!Array.isArray(greetings)) throw invalidParameter("greetings");
  call.extension.callerBlockingSettings = {
    mode: enumField(body, "mode", ["Specific", "All"]) ?? settings.mode,
    noCallerId:
      enumField(body, "noCallerId", ["BlockCallsAndFaxes", "BlockFaxes", "Allow"]) ?? settings.noCallerId,
    payPhones: enumField(body, "payPhones", ["Block", "Allow"]) ?? settings.payPhones,
    greetings,
  };
  return json(200, call.extension.callerBlockingSettings);
}
