import { $, announce, button, element, field, fieldError } from "./dom.ts";
import { base64Of, mediaOf, pictureOf } from "./files.ts";
import { size } from "./format.ts";

/** What is shown and kept of a file: its name and size, and a small picture of a picture. */
export interface AttachedFile {
  name: string;
  size: number;
  picture: string | null;
}

interface Attachment extends AttachedFile {
  file: File;
  drawn: Promise<void>;
}

const MAX_FILES_BYTES = 70_000_000; // AgentCore takes 100 MB, and base64 makes a third more of them
let attached: Attachment[] = [];

export const attachments = (): readonly Attachment[] => attached;

/** Names, sizes and pictures of files, as a list; with a button at each to take it away, if `remove` is given. */
export function fileList<File extends AttachedFile>(
  files: readonly File[],
  list: HTMLElement = element("ul", "files"),
  remove?: (file: File) => void,
): HTMLElement {
  list.replaceChildren(
    ...files.map((file) => {
      const item = element("li");
      if (/^data:image\//.test(file.picture ?? "")) {
        const picture = item.appendChild(element("img"));
        picture.alt = ""; // its name stands beside it
        picture.src = file.picture ?? "";
      }
      const name = element("span", "name", file.name);
      name.title = file.name;
      item.append(name, element("span", "size", size(file.size)));
      if (remove) item.appendChild(button("✕", "quiet", () => remove(file))).setAttribute("aria-label", `Remove ${file.name}`);
      return item;
    }),
  );
  return list;
}

function show(): void {
  $("attachments").hidden = !attached.length;
  fileList(attached, $("attachments"), (file) => {
    attached = attached.filter((other) => other !== file);
    fieldError("prompt", null);
    show();
    announce(`Removed ${file.name}.`);
    $("prompt").focus(); // the button that had the focus is gone
  });
}

export function attach(files: Iterable<File>): void {
  fieldError("prompt", null);
  for (const file of files) {
    const sum = attached.reduce((sum, other) => sum + other.size, file.size);
    if (sum > MAX_FILES_BYTES) {
      fieldError("prompt", `${file.name} is too large: all files of a prompt may have ${size(MAX_FILES_BYTES)}.`);
      continue;
    }
    add(file);
  }
  show();
  $("prompt").focus();
}

function add(file: File): void {
  const entry: Attachment = { file, name: file.name || "pasted", size: file.size, picture: null, drawn: Promise.resolve() };
  entry.drawn = pictureOf(file).then((picture) => {
    entry.picture = picture;
    if (picture && attached.includes(entry)) show();
  });
  attached = [...attached, entry];
  announce(`Attached ${entry.name}, ${size(entry.size)}.`);
}

/** The agent's input of a text and files: the form of AWS's own example of a prompt with a picture. Throws if one cannot be read. */
export async function inputWith(text: string, files: readonly Attachment[]): Promise<Record<string, unknown>> {
  const data = await Promise.all(files.map(({ file }) => base64Of(file)));
  await Promise.all(files.map(({ drawn }) => drawn));
  const media = files.map(({ file }, at) => mediaOf(file, data[at] ?? ""));
  return { prompt: text, media: media.length === 1 ? media[0] : media };
}

export function detach(files: readonly Attachment[]): void {
  attached = attached.filter((file) => !files.includes(file));
  show();
}

const bringsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

function startDropping(): void {
  const chat = $("chat");
  for (const type of ["dragenter", "dragover"] as const) {
    chat.addEventListener(type, (event) => {
      if (!bringsFiles(event)) return;
      event.preventDefault();
      chat.classList.add("dropping");
    });
  }
  chat.addEventListener("dragleave", (event) => {
    if (!chat.contains(event.relatedTarget as Node | null)) chat.classList.remove("dropping");
  });
  chat.addEventListener("drop", (event) => {
    chat.classList.remove("dropping");
    if (!bringsFiles(event)) return;
    event.preventDefault();
    attach(event.dataTransfer?.files ?? []);
  });
  // A file that is dropped beside the chat would be opened in place of this page.
  for (const type of ["dragover", "drop"] as const)
    addEventListener(type, (event) => bringsFiles(event) && event.preventDefault());
}

export function startAttachments(): void {
  $("attach").addEventListener("click", () => $("files").click());
  field("files").addEventListener("change", () => {
    attach([...(field("files").files ?? [])]);
    field("files").value = ""; // the same file may be chosen again
  });
  $("prompt").addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.clipboardData?.types.includes("text/plain")) return; // an office program brings a picture of its text too
    event.preventDefault();
    attach(files);
  });
  startDropping();
}
