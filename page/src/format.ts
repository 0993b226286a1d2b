/** A time span as a person reads it. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 59_950 ? `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s` : longSpan(ms);
}

/** The same in whole seconds, and in minutes from an hour on. */
export function longSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const two = (number: number) => String(number).padStart(2, "0");
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return minutes ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

/** A number of bytes as a person reads it. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function plural(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

export const clock = (at: Date): string => `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, "0")}`;

/** Day and time in the reader's own way; today's without the day. */
export function when(at: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString([], { timeStyle: "short" })
    : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** JSON on one line if it is short, else laid out. */
export function pretty(value: unknown): string {
  const line = JSON.stringify(value) ?? String(value);
  return line.length <= 100 ? line : JSON.stringify(value, null, 2);
}

/** The value of a JSON text, or undefined if it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** At most so many characters, and how many are missing. */
export function shortened(text: string, most: number): string {
  const more = text.length - most;
  return more > 0 ? `${text.slice(0, most)}\n… ${more.toLocaleString("en")} more characters were too many to be kept.` : text;
}
