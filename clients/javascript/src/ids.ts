/** An unguessable id in the form of a UUID. `crypto.randomUUID` is missing on pages that came by plain http; this is not. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, at) => versioned(byte, at).toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The two bytes that say it is a random UUID (RFC 9562, version 4). */
function versioned(byte: number, at: number): number {
  if (at === 6) return (byte & 0x0f) | 0x40;
  return at === 8 ? (byte & 0x3f) | 0x80 : byte;
}

/** The rule that a session id breaks, or null. */
export function sessionIdProblem(id: string): string | null {
  if (!id) return "A session id is needed.";
  if (new TextEncoder().encode(id).length > 256) return "A session id has at most 256 bytes.";
  return /\p{Cc}/u.test(id) ? "A session id has no control characters." : null;
}

/** The rule that a request id breaks, or null. */
export function requestIdProblem(id: string): string | null {
  return /^[A-Za-z0-9._-]{1,64}$/.test(id) ? null : "A request id is 1 to 64 of the characters A-Z a-z 0-9 . _ -";
}

/** One text for the pair that names a request. A request id has no space, so no two pairs have the same. */
export function requestKey(sessionId: string, requestId: string): string {
  return `${requestId} ${sessionId}`;
}

/** Throws for an id that the gateway would refuse. */
export function checkIds({ sessionId, requestId }: { sessionId: string; requestId?: string | undefined }): void {
  const problem = sessionIdProblem(sessionId) ?? (requestId === undefined ? null : requestIdProblem(requestId));
  if (problem) throw new TypeError(problem);
}
