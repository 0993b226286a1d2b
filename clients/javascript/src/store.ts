import { Emitter } from "./emitter.ts";

/**
 * Something that changes, as `useSyncExternalStore` wants it: `getSnapshot` gives the same object until the next change. A
 * snapshot is made when somebody asks for it, for most changes nobody looks at.
 */
export class Store<Snapshot> {
  readonly #changes = new Emitter<{ change: undefined }>();
  readonly #make: () => Snapshot;
  #snapshot: Snapshot | undefined;

  constructor(make: () => Snapshot) {
    this.#make = make;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#changes.on("change", listener);

  readonly getSnapshot = (): Snapshot => {
    this.#snapshot ??= this.#make();
    return this.#snapshot;
  };

  get subscribers(): number {
    return this.#changes.count("change");
  }

  changed(): void {
    this.#snapshot = undefined;
    this.#changes.emit("change", undefined);
  }
}
