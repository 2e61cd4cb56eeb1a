export { createApiClient } from "./client.ts";
export type { Exchange } from "./client.ts";
export type { Clock } from "./clock.ts";
export { createLimiter } from "./limiter.ts";
export type { LimiterOptions } from "./limiter.ts";
export { createTransport } from "./transport.ts";
export type { Transport } from "./transport.ts";
export type { ApiClient } from "./types.ts";
