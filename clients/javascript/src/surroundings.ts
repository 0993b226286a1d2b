/**
 * Calls `wake` when a connection that seems lost may be had again, or one that seems to stand may be gone: the network is back, the
 * page can be seen again, or the machine has slept. Gives the function that ends it.
 */
export function watchSurroundings(wake: () => void): () => void {
  if (typeof addEventListener !== "function" || typeof removeEventListener !== "function") return () => {};
  const onVisible = () => {
    if (document.visibilityState === "visible") wake();
  };
  const hasPage = typeof document !== "undefined";
  addEventListener("online", wake);
  if (hasPage) document.addEventListener("visibilitychange", onVisible);
  return () => {
    removeEventListener("online", wake);
    if (hasPage) document.removeEventListener("visibilitychange", onVisible);
  };
}
