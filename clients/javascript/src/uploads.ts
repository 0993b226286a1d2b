import { type Delivery, MAX_TRIES } from "./delivery.ts";
import type { ServerFrame } from "./protocol.ts";
import type { Put } from "./types.ts";

type Offer = Extract<ServerFrame, { type: "upload" }>;
type Rejected = Extract<ServerFrame, { type: "rejected" }>;

export interface UploadsOptions {
  put: Put;
  transmit: (message: object) => boolean;
  /** Tries it again after a while. */
  later: (delivery: Delivery, tries: number) => void;
  /** It goes on with this delivery, or with another. */
  goOn: () => void;
}

/** What is tried for one delivery. */
interface Upload {
  tries: number;
  problem: string;
  put: AbortController | null;
}

const HEADERS = { "Content-Type": "application/json", "If-None-Match": "*" };
const NO_ADDRESS = "The gateway did not say where to upload this prompt.";

/**
 * Prompts that are too large for a frame: asked for an address, put there, and then named. An offer does not say whose it is, so one
 * is asked for at a time.
 */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #uploads = new WeakMap<Delivery, Upload>();
  #asking: Delivery | null = null;
  /** Request ids whose offers still come, for runs that have ended. */
  #orphans: string[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Whether the body is on its way: nothing is to be done then. */
  isPutting(delivery: Delivery): boolean {
    return Boolean(this.#uploads.get(delivery)?.put);
  }

  ask(delivery: Delivery): void {
    if (this.#asking && this.#asking !== delivery) return;
    const upload = this.#uploads.get(delivery) ?? { tries: 0, problem: NO_ADDRESS, put: null };
    this.#uploads.set(delivery, upload);
    if (upload.tries >= MAX_TRIES) return this.#giveUp(delivery, `${upload.problem} Nothing was asked.`, true);
    upload.tries += 1;
    this.#asking = delivery;
    delivery.asked();
    this.#progress(delivery, 0);
    this.#options.transmit({ action: "upload", bytes: delivery.body?.length, requestId: delivery.message.requestId });
  }

  offered({ uploadId, url, expiresInMs }: Offer): void {
    if (this.#orphans.shift() !== undefined) return;
    const delivery = this.#asking;
    if (!delivery || !/^https?:/.test(url)) return;
    this.#asking = null;
    this.#options.goOn(); // another may ask now
    void this.#put(delivery, uploadId, url, expiresInMs);
  }

  /** Takes a refusal if it is one of an address. */
  rejected({ requestId, code, message, retryable }: Rejected): boolean {
    const orphan = this.#orphans.indexOf(requestId ?? "");
    if (orphan >= 0) return this.#orphans.splice(orphan, 1).length > 0;
    const delivery = this.#asking;
    const upload = delivery && this.#uploads.get(delivery);
    if (!upload || delivery.message.requestId !== requestId) return false;
    this.#asking = null;
    if (retryable) {
      upload.problem = message;
      this.#options.later(delivery, upload.tries);
    } else this.#giveUp(delivery, refusal(delivery, code, message), false, "too_large");
    return true;
  }

  disconnected(): void {
    this.#asking = null;
    this.#orphans = [];
  }

  /** Its run has ended: what is under way is for nobody. */
  cancel(delivery: Delivery): void {
    this.#uploads.get(delivery)?.put?.abort();
    if (this.#asking !== delivery) return;
    this.#asking = null;
    this.#orphans.push(delivery.message.requestId);
  }

  async #put(delivery: Delivery, uploadId: string, url: string, expiresInMs: number): Promise<void> {
    const upload = this.#uploads.get(delivery);
    if (!upload || !delivery.body) return;
    const { body } = delivery;
    const put = new AbortController();
    upload.put = put;
    const { signal } = put;
    const timer = setTimeout(() => put.abort(), expiresInMs);
    const onProgress = (sent: number) => this.#progress(delivery, sent);
    let problem: string | null;
    try {
      const status = await this.#options.put({ url, headers: HEADERS, body, signal, onProgress });
      problem = status === 200 ? null : `The upload was refused (${status}).`;
    } catch {
      problem = "The upload did not get through.";
    }
    clearTimeout(timer);
    upload.put = null;
    this.#over(delivery, uploadId, problem, signal);
  }

  #over(delivery: Delivery, uploadId: string, problem: string | null, signal: AbortSignal): void {
    const upload = this.#uploads.get(delivery);
    if (!upload || delivery.run.hasEnded) return;
    if (problem === null) {
      const bytes = delivery.body?.length ?? 0;
      delivery.uploaded(uploadId);
      delivery.run.note({ upload: { bytes, sent: bytes, uploadId } });
    } else if (signal.aborted) {
      // the same network would not be quicker the next time
      this.#giveUp(delivery, "The upload took too long. Nothing was asked.", true);
    } else {
      upload.problem = problem;
      this.#progress(delivery, 0);
      this.#options.later(delivery, upload.tries);
    }
    this.#options.goOn();
  }

  #progress(delivery: Delivery, sent: number): void {
    if (!delivery.body || delivery.run.hasEnded) return;
    delivery.run.note({ upload: { bytes: delivery.body.length, sent, uploadId: null } });
  }

  #giveUp({ run }: Delivery, message: string, retryable: boolean, code = "upload_failed"): void {
    run.end({ outcome: "failed", code, message, retryable });
  }
}

function refusal({ body }: Delivery, code: string, message: string): string {
  if (code !== "invalid_request") return message;
  const size = ((body?.length ?? 0) / 1e6).toFixed(1);
  return `The prompt is too large for one message (32 KiB), and this gateway takes no uploads of ${size} MB.`;
}
