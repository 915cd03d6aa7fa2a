import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));

/** What the bundle has, apart from our own sources. */
const bundled = ["@preact/signals", "@preact/signals-core", "preact", "regular-table", "uplot"];

/** Adds a file with the licences of what the bundle has. */
const licences = {
  name: "licences",
  generateBundle() {
    const texts = bundled.map((name) => {
      const dir = require.resolve.paths(name).map((path) => join(path, name)).find((path) => {
        try {
          return readFileSync(join(path, "package.json"));
        } catch {
          return false;
        }
      });
      const { version, license } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
      return `${name} ${version} (${license})\n\n${readFileSync(join(dir, "LICENSE"), "utf8").trim()}\n`;
    });
    this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join(`\n${"=".repeat(80)}\n\n`) });
  },
};

export default {
  root: here,
  // The page may be below any path, so its files are found relative to it.
  base: "./",
  logLevel: "warn",
  resolve: { alias: { "edgeframe-client/history": join(here, "../client/src/history.ts"), "edgeframe-client": join(here, "../client/src/index.ts") } },
  build: { target: "es2023", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: Object.fromEntries(["/api", "/health"].map((path) => [path, process.env.EDGEFRAME_URL ?? "http://127.0.0.1:8000"])) },
  plugins: [licences],
};
