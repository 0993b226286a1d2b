export { gatewayUrl } from "./address.ts";
export { GatewayClient } from "./client.ts";
export { GatewayError } from "./errors.ts";
export { newId, requestIdProblem, sessionIdProblem } from "./ids.ts";
export { MAX_FRAME_BYTES, type ServerFrame } from "./protocol.ts";
export { smooth } from "./smooth.ts";
export { TextReader } from "./text.ts";
export type * from "./types.ts";
