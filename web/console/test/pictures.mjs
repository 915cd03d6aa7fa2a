// Takes the pictures of docs/console, of each view in light and dark. Usage: make build && npm run pictures -w web/console
import { join } from "node:path";
import { cell, launch, newPage, openFile, rows, shows, trial, type, upload } from "./browser.mjs";
import { root, startServer, vega } from "./server.mjs";

const server = await startServer();
const browser = await launch();
const { page } = await newPage(browser, `${server.url}/console/`, { deviceScaleFactor: 1 });

const take = async (name) => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(root, "docs/console", `${name}-${colorScheme}.png`) });
  }
};
const panel = async (name) => {
  await page.click(`.tools >> text=${name}`);
  await page.waitForSelector(`aside[aria-label=${name}]`);
};

await page.setInputFiles("input[type=file]", join(root, "conformance/testdata/stored/two-sheets.xlsx"));
await page.waitForSelector(".sheets .card");
await take("sheets");
await page.click("text=Use this sheet");
await page.waitForSelector(".receipt h1");
await page.click(".brand");
await upload(page, trial);
await take("receipt");
await page.click(".brand");
await openFile(page, vega("movies.json"));
await page.click("button[aria-label='Menu of MPAA Rating']");
await page.waitForSelector(".column-menu .values li");
await take("filter");
await page.check(".column-menu .values label:has-text('PG-13') input");
await page.keyboard.press("Escape");
await page.click(".head.name .label:text-is('US Gross')");
await page.click(".head.name .label:text-is('US Gross')");
await shows(page, "regular-table tbody tr:first-child td", "Avatar");
await cell(page, 2, 1);
await page.keyboard.press("Enter");
await page.waitForSelector(".cell-editor");
await take("grid");
await page.keyboard.press("Escape");
await page.click("button[aria-label='Remove the filter of MPAA Rating']");
await cell(page, 0, 3);
await panel("Column");
await page.waitForSelector(".histogram canvas");
await take("column");
await panel("Clean");
await page.selectOption(".clean select:has(option[value=mode])", "mode");
await page.click(".clean >> text=Preview");
await page.waitForSelector(".clean .preview");
await take("clean");
await page.click(".clean >> text=Apply");
await shows(page, ".session-bar", "v2");
await cell(page, 0, 1);
await type(page, "760167651");
await shows(page, ".session-bar", "v3");
await panel("Timeline");
await page.waitForSelector(".timeline li:nth-child(3)");
await page.waitForSelector(".notice", { state: "detached" });
await take("timeline");
await page.click(".tools >> text=Share…");
await page.click("dialog >> text=Make a link");
await take("share");
await page.click("dialog button[aria-label=Close]");
await page.click("button[aria-label='Close the panel']");
await page.click(".brand");
await take("start");
await page.click(".status");
await page.waitForSelector(".latency-now .sparkline");
await page.waitForTimeout(6000);
await take("health");
await page.setViewportSize({ width: 400, height: 800 });
await page.click(".brand");
await page.click(".recents a.name >> nth=0");
await rows(page);
await panel("Clean");
await page.waitForSelector(".clean");
await take("small");
await browser.close();
server.stop();
