import { gatewayUrl } from "gateway-client";
import { field } from "./dom.ts";
import { remembered } from "./storage.ts";

/** The address as a WebSocket's, put into the field where something else was typed. Throws with a sentence. */
export function address(): URL {
  const text = field("url").value.trim();
  const url = gatewayUrl(text);
  if (!/^wss?:\/\//i.test(text)) field("url").value = url.href;
  return url;
}

/** Keeps the URL, but not a token in it (`?token=`, if the gateway takes it so); true if there was one. */
export function rememberUrl(url: URL): boolean {
  const kept = new URL(url);
  const had = kept.searchParams.has("token");
  kept.searchParams.delete("token");
  remembered.set("url", had ? kept.href : field("url").value.trim());
  return had;
}

/** A sentence if a browser could not send it. */
export function tokenProblem(token: string): string | null {
  if (/^bearer\s/i.test(token)) return "Only the token itself, without the word Bearer.";
  if (/^[\w!#$%&'*+.^`|~-]*$/.test(token)) return null;
  return "The token has characters that cannot be sent from a browser. Was it copied whole, without quotes and line ends?";
}

/** The last address; else where this page came from, or where a gateway listens by default. */
export function firstUrl(): string {
  const last = remembered.get("url");
  if (last !== null) return last;
  return /^https?:$/.test(location.protocol)
    ? `${location.protocol.replace("http", "ws")}//${location.host}/`
    : "ws://127.0.0.1:8787/";
}
