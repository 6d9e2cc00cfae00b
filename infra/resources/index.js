export * from "./serverless.ts";
