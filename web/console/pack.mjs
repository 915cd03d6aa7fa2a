// Compresses what Vite has built, and puts it where the Go package console embeds it. index.html comes last, because
// the Makefile looks at its time.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const from = join(here, "dist");
const to = join(here, "../../console/dist");
const files = readdirSync(from, { recursive: true }).map((name) => join(from, name)).filter((path) => statSync(path).isFile());
files.sort((a, b) => a.endsWith("index.html") - b.endsWith("index.html") || (a < b ? -1 : 1));
for (const name of readdirSync(to)) if (name !== "README") rmSync(join(to, name), { recursive: true });
for (const path of files) {
  const packed = join(to, `${relative(from, path)}.gz`);
  mkdirSync(dirname(packed), { recursive: true });
  writeFileSync(packed, gzipSync(readFileSync(path), { level: 9 }));
}
