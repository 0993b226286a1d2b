/** A refusal or a failure, as the gateway or this client words it. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  /** One of the codes of docs/protocol.md, or of the client's own: see `Ending`. */
  readonly code: string;
  /** Whether the same thing may work when it is asked again. */
  readonly retryable: boolean;

  constructor({ code, message, retryable }: { code: string; message: string; retryable: boolean }) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}
