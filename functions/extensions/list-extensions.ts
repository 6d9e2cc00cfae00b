import { listExtensionsRoute } from "../../lib/contract/people.ts";
import { listExtensions } from "../../lib/people/list-extensions.ts";
import { definePeopleFunction } from "../../lib/runtime/people-function.ts";

export const handler = definePeopleFunction(listExtensionsRoute, listExtensions);
