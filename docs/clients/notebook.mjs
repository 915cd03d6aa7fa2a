// Runs the cells of an Observable notebook with Observable's own parser, runtime and inputs.
import { parseCell } from "@observablehq/parser";
import { Runtime } from "@observablehq/runtime";
import { Library } from "@observablehq/stdlib";
import * as Inputs from "@observablehq/inputs";

const AsyncFunction = (async () => {}).constructor;

// compile returns the names and the function of a cell, as the runtime defines a variable.
function compile(source) {
  const cell = parseCell(source);
  const view = cell.id?.type === "ViewExpression";
  const name = view ? cell.id.id.name : cell.id?.name;
  const references = [...new Set(cell.references.map((r) => (r.type === "ViewExpression" ? `viewof ${r.id.name}` : r.name)))];
  const body = source.slice(cell.body.start, cell.body.end);
  const define = new AsyncFunction(...references, cell.body.type === "BlockStatement" ? body : `return (${body});`);
  return { name, view, references, define };
}

// run runs cells and prints the values of those with a name.
export async function run(sources, constants) {
  const runtime = new Runtime({ ...new Library(), Inputs, ...constants });
  const main = runtime.module();
  const cells = sources.map(compile);
  for (const { name, view, references, define } of cells) {
    main.variable(true).define(view ? `viewof ${name}` : name, references, define);
    if (view) main.variable(true).define(name, ["Generators", `viewof ${name}`], (G, element) => G.input(element));
  }
  for (const { name } of cells) {
    const value = await main.value(name);
    if (typeof value !== "function") console.log(value);
    console.log("\x1e");
  }
}
