export * from "./activity-json.ts";
export * from "./activity.ts";
export * from "./batch.ts";
export type * from "./json.ts";
export * from "./payload.ts";
export * from "./samples.ts";
export * from "./sport.ts";
export * from "./time.ts";
