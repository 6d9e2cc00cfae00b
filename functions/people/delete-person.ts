import { deletePersonRoute } from "../../lib/contract/people.ts";
import { deletePerson } from "../../lib/people/manage-people.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(deletePersonRoute, deletePerson);
