import { getPersonRoute } from "../../lib/contract/people.ts";
import { getPerson } from "../../lib/people/manage-people.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(getPersonRoute, getPerson);
