import { newId, sessionIdProblem } from "gateway-client";
import { remembered } from "./storage.ts";

const last = remembered.get("session");

/** The session that is open in this tab. */
export const current = { sessionId: last && !sessionIdProblem(last) ? last : newId() };
