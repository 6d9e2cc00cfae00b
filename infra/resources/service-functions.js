// @ts-check

/**
 * @typedef {{ resolveVariable: (address: string) => Promise<any> }} Variables
 * What serverless.yml says of one function, as far as the fragments beside this file need it.
 * @typedef {object} ServiceFunction
 * @property {string} key its key in serverless.yml
 * @property {string} name its name in AWS
 * @property {string} logicalName the beginning of the logical ids of its resources
 * @property {string[]} routeKeys `GET /v1/…`, as API Gateway names routes; none: it is not called over HTTP
 * @property {boolean} isPublic answers without a token
 * @property {boolean} isScheduled
 */

/**
 * Every function of serverless.yml.
 * @param {Variables} variables
 * @returns {Promise<ServiceFunction[]>}
 */
export async function serviceFunctions({ resolveVariable }) {
  /** @type {Record<string, { events?: { httpApi?: { method: string, path: string, authorizer?: unknown }, schedule?: unknown }[] }>} */
  const functions = await resolveVariable("self:functions");
  const prefix = await stackName({ resolveVariable });
  return Object.entries(functions).map(([key, { events = [] }]) => {
    const calls = events.flatMap(({ httpApi }) => (httpApi === undefined ? [] : [httpApi]));
    return {
      key,
      name: `${prefix}-${key}`,
      logicalName: `${key[0]?.toUpperCase()}${key.slice(1)}`,
      routeKeys: calls.map(({ method, path }) => `${method} ${path}`),
      isScheduled: events.some(({ schedule }) => schedule !== undefined),
      isPublic: calls.length > 0 && calls.every(({ authorizer }) => authorizer === undefined),
    };
  });
}

/** `ringfront-prod`: what the names of all resources begin with. @param {Variables} variables */
export async function stackName({ resolveVariable }) {
  return `${await resolveVariable("self:service")}-${await resolveVariable("sls:stage")}`;
}

/**
 * A value of infra/stages, or of `--param`, where every value is text.
 * @param {Variables} variables @param {string} name
 */
export async function flag({ resolveVariable }, name) {
  return String(await resolveVariable(`param:${name}`)) === "true";
}

/** @param {Variables} variables @param {string} name */
export async function text({ resolveVariable }, name) {
  return String((await resolveVariable(`param:${name}`)) ?? "").trim();
}

/** @param {Variables} variables @param {string} name @returns {Promise<number>} */
export async function number({ resolveVariable }, name) {
  const value = Number(await resolveVariable(`param:${name}`));
  if (!Number.isFinite(value)) throw new Error(`the stage parameter ${name} must be a number`);
  return value;
}
