import { GatewayClient } from "gateway-client";

/** What the connection is made with; read anew for each try. The token stays in memory. */
export const target = { url: "", token: "" };

/** The one client of this page, for all sessions. It connects when the person says so, or asks something. */
export const client = new GatewayClient({ url: () => target.url, token: () => target.token, autoConnect: false });

export const isClosed = (): boolean => client.getSnapshot().state === "closed";
