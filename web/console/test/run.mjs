// Makes the journeys, two at a time, with one browser, and prints a line of JSON for each. Usage: node run.mjs <JSON>
//
// The argument has servers (the addresses of native, worker, guarded, redis and mortal, of which some may be left out),
// token (of guarded), control (where Redis and the server mortal are killed and started), root (of the repository),
// vega (the folder of vega-datasets). The variable JOURNEYS has the beginnings of the names of those that are made,
// separated by commas, and JOURNEYS_SLOW how many times slower the pages are than the machine.
import { join } from "node:path";
import { accessible, launch, newPage, slower } from "./browser.mjs";
import { journeys as faults } from "./journeys/faults.mjs";
import { journeys as features } from "./journeys/features.mjs";
import { journeys as grid } from "./journeys/grid.mjs";
import { journeys as guarded } from "./journeys/guarded.mjs";
import { journeys as outage } from "./journeys/outage.mjs";
import { journeys as share } from "./journeys/share.mjs";
import { journeys as start } from "./journeys/start.mjs";

const { servers, token, control, root, vega } = JSON.parse(process.argv[2]);
const only = process.env.JOURNEYS ?? "";

/** What is done where. The page is the same everywhere, so axe-core looks at it once, and not at pages that are slow on purpose. */
const everywhere = { ...start, ...grid, ...share };
/** Those of features that depend on more than the page: the history, and what is told of changes (on the Worker over a WebSocket). */
const ofServers = Object.fromEntries(Object.entries(features).filter(([name]) => /^(versions are compared|changes of others)/.test(name)));
const plan = { worker: { ...everywhere, ...ofServers }, redis: outage, native: { ...faults, ...features, ...everywhere }, guarded };

const command = async (name) => {
  const response = await fetch(`${control}/${name}`, { method: "POST" });
  if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
};

const waiting = Object.entries(plan).map(([backend, journeys]) =>
  servers[backend] ? Object.entries(journeys).filter(([name]) => !only || only.split(",").some((part) => name.startsWith(part))).map(([name, journey]) => ({ backend, name, journey })) : [],
);

/** The next of each list in turn, so that two journeys seldom wait for the same server. */
let turn = 0;
const next = () => {
  const filled = waiting.filter((list) => list.length > 0);
  return filled[turn++ % filled.length]?.shift();
};

const browser = await launch();

const run = async ({ backend, name, journey }) => {
  const server = servers[backend];
  const opened = [];
  const at = async ({ url = `${server}/console/`, ...options } = {}) => {
    const one = await newPage(browser, url, options);
    opened.push(one);
    return one;
  };
  const seen = backend === "worker" || slower > 1 ? async () => undefined : accessible;
  const failures = [];
  const start = Date.now();
  try {
    await journey(at, { server, mortal: servers.mortal, token, command, seen, file: (path) => join(root, path), vega: (path) => join(vega, path) });
  } catch (error) {
    failures.push(error.stack);
    for (const { page } of opened) failures.push(`it shows ${(await page.innerText("body").catch(() => "nothing")).slice(0, 600)}`);
  }
  for (const { problems, context } of opened) {
    failures.push(...problems);
    await context.close();
  }
  console.log(JSON.stringify({ backend, name, failures, seconds: (Date.now() - start) / 1000 }));
};

await Promise.all(
  Array.from({ length: 2 }, async () => {
    for (let one = next(); one; one = next()) await run(one);
  }),
);
await browser.close();
