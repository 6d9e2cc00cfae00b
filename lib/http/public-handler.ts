import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { ProblemError } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { acceptsGzip } from "./content-encoding.ts";
import { header } from "./invocation.ts";
import { type ApiHandler, buildStack, type StackOptions } from "./middleware-stack.ts";
import type { Outcome, PlainRoute } from "./request.ts";
import { type HttpResponse, jsonResponse } from "./response.ts";
import { validate } from "./validate.ts";

/** A handler without authentication. It needs no tokens, settings or RingCentral, so its bundle stays small. */
export function definePublicHandler<R extends PlainRoute>(
  route: R,
  useCase: () => Promise<Outcome<R>>,
  options: Pick<StackOptions, "cacheControl"> = {},
): ApiHandler {
  const handle = async (event: APIGatewayProxyEventV2) => {
    validate(route, event);
    return jsonResponse(200, await useCase());
  };
  return buildStack(route, handle, options);
}

/** A page and the build's facts about it. */
interface Page {
  gzipped: Buffer;
  contentSecurityPolicy: string;
  digest: string;
}

/**
 * A handler for the HTML pages of a route, from the build (infra/build/pages.ts): one, or one for each value of its path
 * parameter. Everything of a page is in one file, so that it never mixes two versions of the service during a rollout.
 * @param folder the pages' folder in the build: beside the bundle, `<name>.page/`
 */
export function definePageHandler(route: Route, folder: URL): ApiHandler {
  const pages = new Map<string, Page>();
  const handle = async (event: APIGatewayProxyEventV2) => {
    // The query is for the page's script: a sign-in comes back with one.
    const [name] = Object.values(validate(route, { ...event, rawQueryString: "" }).path);
    const path = typeof name === "string" ? `${name}/` : "";
    const page = pages.get(path) ?? (await loadPage(new URL(path, folder), path !== ""));
    pages.set(path, page);
    return pageResponse(page, header(event, "accept-encoding"));
  };
  return buildStack(route, handle, { cacheControl: "public, max-age=300" });
}

async function loadPage(folder: URL, isNamed: boolean): Promise<Page> {
  const read = [
    readFile(new URL("page.json", folder), "utf8"),
    readFile(new URL("index.html.gz", folder)),
  ] as const;
  const [facts, gzipped] = await Promise.all(read).catch((error: NodeJS.ErrnoException) => {
    const isMissing = isNamed && error.code === "ENOENT";
    throw isMissing ? new ProblemError("not_found", { detail: "There is no page of this name." }) : error;
  });
  return { ...JSON.parse(facts), gzipped };
}

async function pageResponse(page: Page, acceptEncoding: string | undefined): Promise<HttpResponse> {
  const isGzip = acceptsGzip(acceptEncoding);
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": page.contentSecurityPolicy,
    etag: `"${page.digest}${isGzip ? "-gzip" : ""}"`,
    vary: "Accept-Encoding",
  };
  if (!isGzip) return { statusCode: 200, headers, body: String(await promisify(gunzip)(page.gzipped)) };
  return {
    statusCode: 200,
    headers: { ...headers, "content-encoding": "gzip" },
    body: page.gzipped.toString("base64"),
    isBase64Encoded: true,
  };
}
