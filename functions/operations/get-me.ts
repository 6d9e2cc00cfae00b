import { getMeRoute } from "../../lib/contract/people.ts";
import { getMe } from "../../lib/people/get-me.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(getMeRoute, getMe);
