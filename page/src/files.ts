import { element } from "./dom.ts";

const THUMBNAIL = 192; // pixels, twice what is shown

/** What stands in `media` for a file. Text and tables are documents, as in the Converse API of Bedrock. */
export function mediaOf({ name, type }: File, data: string): Record<string, string> {
  const [kind = "", subtype = ""] = type.split("/");
  const isMedia = ["image", "video", "audio"].includes(kind);
  const ending = /\.(\w{1,8})$/.exec(name)?.[1]?.toLowerCase();
  const format = isMedia ? subtype.replace(/[+;].*$/, "") : (ending ?? (subtype || "bin"));
  return { type: isMedia ? kind : "document", format, name, data };
}

export function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1] ?? ""); // that of an empty file may be nothing but "data:"
    reader.onerror = () => reject(new Error(`${file.name} cannot be read any more. Remove it, or attach it again.`));
    reader.readAsDataURL(file);
  });
}

/** A small picture of a picture, as an address that can be kept; null for what the browser cannot draw. */
export async function pictureOf(file: File): Promise<string | null> {
  if (!file.type.startsWith("image/")) return null;
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, THUMBNAIL / Math.max(whole.width, whole.height));
    const canvas = element("canvas");
    canvas.width = Math.max(1, Math.round(whole.width * scale));
    canvas.height = Math.max(1, Math.round(whole.height * scale));
    canvas.getContext("2d")?.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return canvas.toDataURL("image/webp", 0.8);
  } catch {
    return null;
  }
}
