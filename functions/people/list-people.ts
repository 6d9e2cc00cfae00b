import { listPeopleRoute } from "../../lib/contract/people.ts";
import { listPeople } from "../../lib/people/manage-people.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(listPeopleRoute, listPeople);
