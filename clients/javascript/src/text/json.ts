/** A JSON object. */
export type Json = Record<string, unknown>;

/** Whether a value is a JSON object: no array, not null. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member of an object that is an object itself; else an empty one, so that a path can be followed without asking at each step. */
export function child(value: unknown, name: string): Json {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member) ? member : {};
}

/** The value if it is a text, else `undefined`. */
export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The objects of a list; none if it is no list. */
export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
