import { moveInstant } from "../../data/move.ts";
import { type HttpResponse, json } from "../../edge/response.ts";
import type { ExtensionCall } from "../call.ts";
import { hasMoved } from "./access.ts";

const moveFeature = "NewCallHandlingAndForwarding";

interface Feature {
  id: string;
  available: boolean;
  params?: { name: string; value: string }[];
  reason?: { code: string; message: string };
}

/** The move shows in a parameter's value, a string; `available` alone shows nothing [docs: MIG]. */
function describeMove(call: ExtensionCall): Feature[] {
  const { settings, account, extension, now } = call;
  const isTold = hasMoved(call) && now >= moveInstant(account, extension) + settings.featureLagMs;
  const param = (value: string) => [{ name: "isNewBackendAvailable", value }];
  if (isTold) return [{ id: moveFeature, available: true, params: param("true") }];
  switch (settings.featureBeforeMove) {
    case "no-record":
      return [];
    case "no-param":
      return [{ id: moveFeature, available: true }];
    case "unavailable": {
      const reason = { code: "AccountLimitation", message: "Feature is turned off for account" };
      return [{ id: moveFeature, available: false, reason }];
    }
    case "param-false":
      return [{ id: moveFeature, available: true, params: param("false") }];
  }
}

/** The features of an extension: the move, and two that every extension has. An unknown `featureId` has no record. */
export function readFeatures(call: ExtensionCall): HttpResponse {
  const { query } = call.request;
  const wanted = query.getAll("featureId");
  const features: Feature[] = [
    { id: "CallForwarding", available: call.extension.type !== "Department" },
    { id: "HUD", available: true, params: [{ name: "limitMax", value: "100" }] },
    ...describeMove(call),
  ];
  const records = features.filter(
    ({ id, available }) =>
      (wanted.length === 0 || wanted.includes(id)) && (available || query.get("availableOnly") !== "true"),
  );
  return json(200, { records });
}
