/** What this browser keeps: the address, sessions, chats and saved messages; never a token. Storage may be switched off or full. */
const PREFIX = "gateway-test.";

function guarded<T>(use: () => T, otherwise: T): T {
  try {
    return use();
  } catch {
    return otherwise;
  }
}

/** A tab keeps its own value; a new tab starts with the last one of any tab. */
export const remembered = {
  get: (name: string): string | null =>
    guarded(() => sessionStorage.getItem(PREFIX + name) ?? localStorage.getItem(PREFIX + name), null),
  set(name: string, value: string): void {
    guarded(() => {
      sessionStorage.setItem(PREFIX + name, value);
      localStorage.setItem(PREFIX + name, value);
    }, undefined);
  },
};

/** Whether a reload shall connect again: "" no, "yes", or "token" if it cannot without one. Of this tab alone. */
export const reconnecting = {
  get: (): string => guarded(() => sessionStorage.getItem(`${PREFIX}connected`) ?? "", ""),
  set: (value: "" | "yes" | "token"): void => guarded(() => sessionStorage.setItem(`${PREFIX}connected`, value), undefined),
};

/** JSON values that all tabs share. */
export const shared = {
  key: (name: string): string => PREFIX + name,
  get<T>(name: string, otherwise: T): T {
    return guarded(() => (JSON.parse(localStorage.getItem(PREFIX + name) ?? "null") as T | null) ?? otherwise, otherwise);
  },
  /** False if there is no room for it. */
  set: (name: string, value: unknown): boolean =>
    guarded(() => {
      localStorage.setItem(PREFIX + name, JSON.stringify(value));
      return true;
    }, false),
  remove: (name: string): void => guarded(() => localStorage.removeItem(PREFIX + name), undefined),
  names: (): string[] =>
    guarded(
      () =>
        Object.keys(localStorage)
          .filter((key) => key.startsWith(PREFIX))
          .map((key) => key.slice(PREFIX.length)),
      [],
    ),
};
