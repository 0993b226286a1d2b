// Builds ../websocket_test.html out of src/. With --check it only says whether the file there is what it would build.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");
const PAGE = here("../websocket_test.html");
const STYLES = "base forms chips header layout chat check reply parts composer log dialogs narrow phone".split(" ");

/** The libraries whose files name no licence in a way that the bundler keeps. */
function licences() {
  return ["marked"].map((name) => `/*! ${name}\n\n${read(`node_modules/${name}/LICENSE`).trimEnd()}\n*/`).join("\n");
}

async function script() {
  const { outputFiles } = await build({
    entryPoints: [here("src/main.ts")],
    absWorkingDir: here("."),
    alias: { "gateway-client": here("../clients/javascript/src/index.ts") },
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    banner: { js: licences() },
    legalComments: "inline", // those that it does keep stay with what they are for
  });
  const text = outputFiles[0].text;
  // A script element ends at the first such text, wherever it stands.
  if (/<\/script|<!--/i.test(text)) return text.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "\\x3C!--");
  return text;
}

/** `text` with each line that is `name` alone replaced by its contents. Functions, for `$` means something in a replacement. */
function fill(text, contents) {
  return Object.entries(contents).reduce((page, [name, content]) => page.replace(name, () => content.trimEnd()), text);
}

const style = STYLES.map((name) => read(`src/style/${name}.css`).trimEnd()).join("\n\n");
const page = fill(read("src/page.html"), { "/* the style */": style, "/* the script */": await script() });

if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error("websocket_test.html is out of date: run `npm ci && npm run build` in page/ and commit it.");
  process.exitCode = 1;
}
