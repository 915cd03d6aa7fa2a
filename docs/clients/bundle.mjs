// Makes pages of the recipes for browsers in ../clients.md: one script for each, and one page that runs
// them in order. It is given a JSON file {"out", "root", "recipes": [{"name", "dir", "env", "steps"}]}.
import { createRequire } from "node:module";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const { out, root, recipes } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const modules = join(root, "bin", "clients", "node_modules");
const { build } = createRequire(join(modules, "package.json"))("esbuild");
const separate = "\nconsole.log('\\x1e');\n";

const script = (name) => JSON.stringify(join(root, "docs", "clients", name));

// A notebook is compiled by Observable's parser and run by its runtime. Other recipes are modules; that
// of React ends with what its page shows.
const source = ({ name, steps }) => {
  switch (name) {
    case "observable":
      return `import { run } from ${script("notebook.mjs")};
await run(${JSON.stringify(steps)}, { EDGEFRAME_URL, EDGEFRAME_TOKEN, EDGEFRAME_SESSION });`;
    case "react":
      return `${steps.join(separate)}\nawait (await import(${script("click.mjs")})).show();${separate}`;
    default:
      return steps.join(separate) + separate;
  }
};

// Vite answers an import of "file?url" with the address of the file.
const addresses = {
  name: "addresses",
  setup(build) {
    build.onResolve({ filter: /\?url$/ }, ({ path }) => ({ path: path.slice(0, -"?url".length), namespace: "address" }));
    build.onLoad({ filter: /.*/, namespace: "address" }, ({ path }) => {
      copyFileSync(join(modules, path), join(out, basename(path)));
      return { contents: `export default new URL(${JSON.stringify("/" + basename(path))}, location.href).href` };
    });
  },
};

await Promise.all(
  recipes.map((recipe) =>
    build({
      stdin: { contents: source(recipe), resolveDir: recipe.dir, loader: "tsx" },
      outfile: join(out, `${recipe.name}.js`),
      bundle: true,
      format: "esm",
      target: "es2024",
      jsx: "automatic",
      nodePaths: [modules],
      alias: { "edgeframe-client": join(root, "web", "client", "src", "index.ts") },
      define: {
        "process.env.NODE_ENV": '"production"',
        ...Object.fromEntries(Object.entries(recipe.env).map(([name, value]) => [name, JSON.stringify(value)])),
      },
      plugins: [addresses],
      logLevel: "error",
    }),
  ),
);

writeFileSync(
  join(out, "page.html"),
  `<!doctype html><meta charset="utf-8"><div id="root"></div><script type="module">
const text = (value) => (typeof value === "string" ? value : typeof value === "bigint" ? value + "n" : JSON.stringify(value));
for (const Name of ${JSON.stringify(recipes.map(({ name }) => name))}) {
  let Printed = "", Error = "";
  console.log = (...values) => (Printed += values.map(text).join(" ") + "\\n");
  try {
    await import("/" + Name + ".js");
  } catch (error) {
    Error = String(error.stack ?? error);
  }
  await fetch("/report", { method: "POST", body: JSON.stringify({ Name, Printed, Error }) });
}
</script>`,
);
