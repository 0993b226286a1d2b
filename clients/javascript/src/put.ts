import type { Put } from "./types.ts";

/** By `XMLHttpRequest`, which tells how much has left. */
const byXhr: Put = ({ url, headers, body, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded }) => onProgress(loaded);
    xhr.onload = () => resolve(xhr.status);
    xhr.onerror = () => reject(new Error("The upload did not get through."));
    xhr.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(body as Uint8Array<ArrayBuffer>);
  });

const byFetch: Put = async ({ url, headers, body, signal }) => {
  const response = await fetch(url, { method: "PUT", headers, body: body as Uint8Array<ArrayBuffer>, signal });
  await response.body?.cancel();
  return response.status;
};

export function platformPut(): Put {
  return typeof XMLHttpRequest === "undefined" ? byFetch : byXhr;
}
