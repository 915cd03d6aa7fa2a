// Runs the journeys against a server, some at a time, and prints what failed as JSON. Usage: node run.mjs <JSON>
import { join } from "node:path";
import { launch, newPage } from "./browser.mjs";
import { journeys as features } from "./journeys/features.mjs";
import { journeys } from "./journeys.mjs";

const { server, vega, only } = JSON.parse(process.argv[2]);
const together = 3;
const browser = await launch();
const report = { done: [], failures: [] };
const waiting = Object.entries({ ...journeys, ...features }).filter(([name]) => !only || only.split(",").some((part) => name.startsWith(part)));

const run = async ([name, journey]) => {
  const opened = [];
  const at = async (options) => {
    const one = await newPage(browser, `${server}/console/`, options);
    opened.push(one);
    return one;
  };
  const start = Date.now();
  try {
    await journey(at, { server, vega: (file) => join(vega, file) });
  } catch (error) {
    report.failures.push(`${name}: ${error.stack}`);
    for (const { page } of opened) report.failures.push(`${name}: it shows ${(await page.innerText("body").catch(() => "nothing")).slice(0, 600)}`);
  }
  for (const { problems, context } of opened) {
    for (const problem of problems) report.failures.push(`${name}: ${problem}`);
    await context.close();
  }
  report.done.push(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
};

await Promise.all(
  Array.from({ length: together }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(next);
  }),
);
await browser.close();
console.log(JSON.stringify(report));
