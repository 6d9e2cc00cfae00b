import { defineSignInFunction } from "../../lib/runtime/sign-in-function.ts";

export const handler = defineSignInFunction();
