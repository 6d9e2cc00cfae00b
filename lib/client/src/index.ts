export type * from "./api.ts";
export { SignInError } from "./authorization-server.ts";
export { type ClientOptions, createClient, type RingfrontClient } from "./client.ts";
export type { ItemOf, PagedPath, PageOf, Paging } from "./paging.ts";
export { PhoneNumberMirror } from "./phone-number-mirror.ts";
export { HttpError, isProblem, ProblemError, unwrap } from "./problems.ts";
export type { Retries } from "./retries.ts";
export type { AccessToken, TokenRequest, TokenSource } from "./send.ts";
export { SignIn, type SignInOptions, type SignInStorage } from "./sign-in.ts";
export {
  type Flushed,
  type QueuedWrite,
  type QueueStorage,
  type SettledWrite,
  WriteQueue,
  type WriteQueueOptions,
} from "./write-queue.ts";
