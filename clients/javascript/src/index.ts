export { gatewayUrl } from "./address.ts";
export { GatewayClient } from "./client.ts";
export { GatewayError } from "./errors.ts";
export { newId, requestIdProblem, sessionIdProblem } from "./ids.ts";
export { MAX_FRAME_BYTES, type ServerFrame } from "./protocol.ts";
export { Smoother, smooth } from "./smooth.ts";
export { TextReader, textOf } from "./text.ts";
export { type ToolChange, ToolReader } from "./tools.ts";
export type * from "./types.ts";
