import { GatewayError } from "./errors.ts";

/** Questions whose answers come in the order in which they were asked, on one connection. */
export class Answers<T> {
  #waiting: PromiseWithResolvers<T>[] = [];

  /** `wasSent` is false if there was no connection to ask on. */
  ask(wasSent: boolean): Promise<T> {
    if (!wasSent) return Promise.reject(notConnected());
    const waiter = withResolvers<T>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  came(answer: T): void {
    this.#waiting.shift()?.resolve(answer);
  }

  /** Takes a refusal, if somebody waits. */
  refused(refusal: { code: string; message: string; retryable: boolean }): boolean {
    const waiter = this.#waiting.shift();
    waiter?.reject(new GatewayError(refusal));
    return Boolean(waiter);
  }

  disconnected(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(notConnected());
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

/** `Promise.withResolvers` is missing before Node 22. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  const parts: Partial<PromiseWithResolvers<T>> = {};
  const promise = new Promise<T>((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return { ...parts, promise } as PromiseWithResolvers<T>;
}

function notConnected(): GatewayError {
  return new GatewayError({ code: "closed", message: "There is no connection to the gateway.", retryable: true });
}
