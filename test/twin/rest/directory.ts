import { createHash } from "node:crypto";
import type { Account, Extension } from "../data/world.ts";
import { headerOf } from "../edge/received-request.ts";
import { type HttpResponse, json, Rejection } from "../edge/response.ts";
import { limitedModeRejection } from "./availability.ts";
import type { Call } from "./call.ts";

const MAX_PER_PAGE = 2000;
const DEFAULT_PER_PAGE = 1000;
/** [spec: OAS] All other statuses are left out. */
const listedStatuses: readonly string[] = ["Enabled", "Disabled", "NotActivated"];
/** [spec: OAS] The types that can be asked for. */
const searchableTypes = [
  "User",
  "Department",
  "Announcement",
  "Voicemail",
  "SharedLinesGroup",
  "PagingOnly",
  "IvrMenu",
  "ParkLocation",
  "Limited",
  "External",
  "DelegatedLinesGroup",
  "TieLine",
];

/** The directory's own error format: a list without the copy at the top level. [spec: OAS] */
function invalid(parameterName: string): Rejection {
  const message = `Parameter [${parameterName}] is invalid. `;
  return new Rejection(json(400, { errors: [{ errorCode: "ADG-121", message, parameterName }] }));
}

/** [spec: OAS] Users of all kinds are of type `User`. */
const typeOf = ({ type }: Extension) => (type === "FaxUser" ? "User" : type);

function readBoolean({ query }: Call["request"], name: string, fallback: boolean): boolean {
  const text = query.get(name);
  if (text === null) return fallback;
  if (text !== "true" && text !== "false") throw invalid(name);
  return text === "true";
}

function readCount({ query }: Call["request"], name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalid(name);
  return Number(text);
}

/** @returns the page size, or undefined for everything on one page */
function readPerPage({ request, settings }: Call): number | undefined {
  const text = request.query.get("perPage");
  if (text === "all" && settings.directoryPerPageAll === "all") return undefined;
  if (text === "all" || text === "max") return MAX_PER_PAGE;
  // A size above the maximum is clamped, as in other lists [unsure].
  return Math.min(readCount(request, "perPage", DEFAULT_PER_PAGE), MAX_PER_PAGE);
}

/** `type` is a single value by the description, and repeated in the guide [spec: OAS] [docs: DIR]. */
function readFilter(call: Call): (extension: Extension) => boolean {
  const { query } = call.request;
  const types = query.getAll("type");
  if (types.some((type) => !searchableTypes.includes(type))) throw invalid("type");
  const group = query.get("typeGroup");
  if (group !== null && group !== "User" && group !== "NonUser") throw invalid("typeGroup");
  const siteId = query.get("siteId");
  readBoolean(call.request, "accessibleSitesOnly", true);
  return (extension) => {
    const type = typeOf(extension);
    return (
      listedStatuses.includes(extension.status) &&
      (!extension.hidden || call.settings.directoryHidden === "shown") &&
      (types.length === 0 || types.includes(type)) &&
      (group === null || (type === "User") === (group === "User")) &&
      (siteId === null || siteId === MAIN_SITE.id)
    );
  };
}

const MAIN_SITE = { id: "main-site", name: "Main Site" };

function toEntry(owner: Account, extension: Extension, showsAccount: boolean) {
  const { id, extensionNumber, name, status, email, department, hidden } = extension;
  const [firstName, ...rest] = name.split(" ");
  const names = typeOf(extension) === "User" ? { firstName, lastName: rest.join(" ") } : { name };
  const phoneNumbers = owner.numbers
    .filter(({ extensionId }) => extensionId === id)
    .map(({ phoneNumber, type, usageType, primary }) => ({ phoneNumber, type, usageType, primary }));
  const mainNumber = owner.numbers.find(({ usageType }) => usageType === "MainCompanyNumber")?.phoneNumber;
  const account = {
    id: owner.id,
    companyName: owner.companyName,
    federatedName: owner.companyName,
    ...(mainNumber !== undefined && { mainNumber: { phoneNumber: mainNumber } }),
  };
  return {
    id,
    type: typeOf(extension),
    status,
    ...(showsAccount && { account }),
    ...(department !== undefined && { department }),
    ...(email !== undefined && { email }),
    extensionNumber,
    ...names,
    phoneNumbers,
    site: MAIN_SITE,
    ...(hidden && { hidden }),
  };
}

/** `GET directory/entries`: every user who may call may read it; no user permission is declared [spec: OAS]. */
export function listDirectoryEntries(call: Call): HttpResponse {
  const { settings, world, account, request } = call;
  if (settings.limitedMode && settings.directoryInLimitedMode === "CMN-211") {
    throw limitedModeRejection(settings);
  }
  const showFederated = readBoolean(request, "showFederated", true);
  const isListed = readFilter(call);
  const page = readCount(request, "page", 1);
  const size = readPerPage(call);
  const isFederated = showFederated || settings.directoryFederated === "always";
  const federated = isFederated ? account.federatedWith : [];
  const owners = [account, ...federated.flatMap((id) => world.accounts.get(id) ?? [])];
  const all = owners.flatMap((owner) =>
    [...owner.extensions.values()]
      .filter(isListed)
      .map((extension) => toEntry(owner, extension, isFederated)),
  );
  const body = pageOf(all, page, size ?? Math.max(1, all.length));
  if (settings.directoryEtag === "none") return json(200, body);
  const etag = `"${createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 32)}"`;
  if (headerOf(request, "if-none-match") === etag) return { status: 304, headers: { ETag: etag } };
  return json(200, body, { ETag: etag });
}

/** Neither `uri` nor `navigation` [spec: OAS]. */
function pageOf(all: readonly unknown[], page: number, perPage: number) {
  const totalElements = all.length;
  const totalPages = Math.ceil(totalElements / perPage);
  const pageStart = (page - 1) * perPage;
  const records = all.slice(pageStart, pageStart + perPage);
  const span = records.length > 0 ? { page, pageStart, pageEnd: pageStart + records.length - 1 } : {};
  return { records, paging: { perPage, ...span, totalPages, totalElements } };
}

/** The contact of a change notification [docs: HOOK]. */
export function contactOf(account: Account, extension: Extension, eventType: string) {
  const { account: owner, ...entry } = toEntry(account, extension, true);
  return { eventType, ...entry, account: { id: owner?.id } };
}
