import { listUnmatchedSignInsRoute } from "../../lib/contract/people.ts";
import { listUnmatchedSignIns } from "../../lib/people/manage-people.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(listUnmatchedSignInsRoute, listUnmatchedSignIns);
