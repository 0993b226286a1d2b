/** Listeners by the type of what they listen for. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: any) => void>>();

  /** Gives the function that takes the listener away again. */
  on<Type extends keyof Events>(type: Type, listener: (value: Events[Type]) => void): () => void {
    const own = (value: Events[Type]) => listener(value); // given twice, it listens twice
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(own));
    return () => void listeners.delete(own);
  }

  emit<Type extends keyof Events>(type: Type, value: Events[Type]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) guarded(() => listener(value));
  }

  count(type: keyof Events): number {
    return this.#listeners.get(type)?.size ?? 0;
  }
}

/** An error of a listener is reported like any that nobody caught, and does not stop the client. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error; // Node has no `reportError`
  });
}
