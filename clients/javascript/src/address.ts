const EXAMPLE = "It looks like wss://host/stage or ws://127.0.0.1:8787/.";
const SCHEMES: Record<string, string> = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" };

/**
 * The WebSocket address that a person means: `http(s)://` becomes `ws(s)://`; a bare host gets `wss://`, this machine and IP
 * addresses, which seldom have a certificate, `ws://`. Throws an error with a sentence for that person.
 */
export function gatewayUrl(text: string | URL): URL {
  const url = parse(String(text).trim());
  const scheme = SCHEMES[url.protocol];
  if (!scheme) throw new TypeError(`The address must start with ws:// or wss://, not ${url.protocol}//. ${EXAMPLE}`);
  const address = new URL(url.href.replace(/^[a-z]+:/, scheme));
  address.hash = ""; // WebSocket addresses have none
  return address;
}

function parse(text: string): URL {
  if (/\s/.test(text)) throw notAnAddress(text); // some browsers would encode it
  const isWhole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  try {
    return new URL(isWhole ? text : `${bareScheme(text)}//${text}`);
  } catch {
    throw notAnAddress(text);
  }
}

function notAnAddress(text: string): TypeError {
  return new TypeError(`This is not an address: ${JSON.stringify(text)}. ${EXAMPLE}`);
}

function bareScheme(text: string): string {
  return /^(localhost|[\w-]+\.localhost|\d+(\.\d+){3}|\[[\da-f:.]+\])([:/?]|$)/i.test(text) ? "ws:" : "wss:";
}

/** The sub-protocols that carry a token. Throws if it cannot be one: its alphabet is that of HTTP tokens (RFC 9110). */
export function tokenProtocols(token: string | null | undefined): string[] {
  if (!token) return [];
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(token))
    throw new TypeError("The token has characters that cannot be sent in a WebSocket handshake.");
  return ["bearer", token];
}
