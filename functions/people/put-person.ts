import { putPersonRoute } from "../../lib/contract/people.ts";
import { putPerson } from "../../lib/people/manage-people.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(putPersonRoute, putPerson);
