import type { ConnectionProblem } from "gateway-client";
import { $, element } from "./dom.ts";

interface Target {
  url: string;
  token: string;
}

/** A reason that a browser does not tell, and what to do if it is that. */
interface Cause {
  name: string;
  advice: string;
}

const isLocal = (host: string): boolean => /^(localhost|[\d.]+|\[.*\])$/.test(host);
const isAws = (host: string): boolean => /\.execute-api\.[\w-]+\.amazonaws\.com/.test(host);

/** What a close code of a connection that stood means. */
export function closedBecause({ code, reason }: ConnectionProblem): string {
  const why: Record<number, string> = {
    1001: "The gateway closed the connection, because it was idle, too old, or the gateway was stopped",
    1006: "The connection was lost",
    1009: "A message was too large for the gateway, so it closed the connection",
    1011: "The gateway closed the connection because of a fault of its own",
    1012: "The gateway is being restarted",
    1013: "The gateway is full for now",
  };
  return `${why[code] ?? "The connection was closed"} (${code}${reason ? `, ${reason}` : ""}).`;
}

/** A page from disk has no origin of its own, and one under a name may be anybody's: the gateway by default refuses both. */
function originCause(url: URL): Cause | null {
  if (location.protocol === "file:") {
    return {
      name: "Origin",
      advice:
        "This page was opened from disk. Start the gateway with --allow-origin null, or open the page that the gateway serves.",
    };
  }
  if (location.hostname === url.hostname && isLocal(url.hostname)) return null; // a page of its own IP address it takes
  return {
    name: "Origin",
    advice: `The gateway may not take pages from ${location.origin}. Start it with --allow-origin ${location.origin}, or on AWS add it to allowed_origins.`,
  };
}

function tokenCause(token: string, url: URL): Cause {
  const has = token || url.searchParams.has("token");
  const advice = has
    ? "It may have expired, or be meant for another gateway: get a fresh one."
    : "If this gateway wants a login, enter a token above.";
  return { name: "Token", advice };
}

function pathCause(url: URL): Cause | null {
  if (isAws(url.host) && url.pathname === "/")
    return { name: "Path", advice: "The stage is missing: the address ends in /live or whatever the stage is called." };
  if (isLocal(url.hostname)) return null; // the gateway takes any path there
  return { name: "Path", advice: `Is ${url.pathname} the stage of the API? Terraform prints the whole address.` };
}

const FULL: Cause = {
  name: "Full",
  advice: "There may be too many connections, or too many new ones at once. This page tries again by itself.",
};

export function causes(target: Target): Cause[] {
  const url = new URL(target.url);
  return [originCause(url), pathCause(url), tokenCause(target.token, url), FULL].filter((cause) => cause !== null);
}

/** Whether anybody answers there at all, by plain HTTP: that much a browser does tell. */
async function isAnybodyThere(address: string): Promise<boolean> {
  const url = new URL(address.replace(/^ws/, "http"));
  url.search = ""; // no token in it
  try {
    await fetch(url, {
      mode: "no-cors",
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(5_000),
    });
    return true;
  } catch {
    return false;
  }
}

let asked = 0;
/** Why a connection could not be made, and what to do. A browser keeps the reason from a page, so it is found out as far as can be. */
export async function explain(target: Target, sentence: string): Promise<void> {
  asked += 1;
  const own = asked;
  const isThere = await isAnybodyThere(target.url);
  if (own !== asked) return;
  const { host } = new URL(target.url);
  if (!isThere) {
    const secure = target.url.startsWith("wss:") ? " Is its certificate one that this browser trusts?" : "";
    $("status-text").textContent =
      `${sentence} Nobody answers at ${host}: is the gateway running, and is the name right?${secure}`;
    return showCauses([]);
  }
  $("status-text").textContent =
    `${sentence} Somebody answers at ${host}, but refuses the connection. A browser does not say why; look at these, the likeliest first:`;
  showCauses(causes(target));
}

function showCauses(list: Cause[]): void {
  $("causes").hidden = !list.length;
  $("causes").replaceChildren(
    ...list.map(({ name, advice }) => {
      const item = element("li");
      item.append(element("strong", "", `${name}: `), advice);
      return item;
    }),
  );
}

export function hideProblem(): void {
  asked += 1;
  showCauses([]);
}
