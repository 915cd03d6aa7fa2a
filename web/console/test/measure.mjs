// Measures the console of bin/edgeframe: how soon it paints with a slow processor, how soon it shows any place of
// 3,000,000 rows, and what memory it takes. Usage: make build && npm run measure -w web/console
import { launch, newPage, openFile } from "./browser.mjs";
import { startServer, vega } from "./server.mjs";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (values) => values.map((value) => Math.round(value)).join(" ");

const server = await startServer();
const browser = await launch();

const paints = [];
const usable = [];
for (let i = 0; i < 9; i++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const wire = await context.newCDPSession(page);
  await wire.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.addInitScript(() => {
    const there = new MutationObserver(() => {
      if (!document.querySelector(".drop")) return;
      there.disconnect();
      requestAnimationFrame(() => (globalThis.usable = performance.now()));
    });
    there.observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${server.url}/console/`);
  await page.waitForFunction(() => globalThis.usable);
  paints.push(await page.evaluate(() => new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntriesByName("first-contentful-paint")[0]?.startTime)).observe({ type: "paint", buffered: true }))));
  usable.push(await page.evaluate(() => globalThis.usable));
  await context.close();
}
console.log(`first paint with a processor slowed four times: median ${Math.round(median(paints))} ms of ${round(paints)}`);
console.log(`until a file can be chosen: median ${Math.round(median(usable))} ms of ${round(usable)}`);

const { page } = await newPage(browser, `${server.url}/console/`);
page.setDefaultTimeout(120_000);
await openFile(page, vega("flights-3m.parquet"));

/** Goes to a place, and returns after how many milliseconds its rows were painted. */
const jump = (share) =>
  page.evaluate(async (share) => {
    const host = document.querySelector("regular-table");
    const frame = () => new Promise(requestAnimationFrame);
    const first = () => Number(host.querySelector("tbody th")?.textContent.replaceAll(",", ""));
    const start = performance.now();
    host.scrollTop = share * (host.scrollHeight - host.clientHeight);
    while (!(Math.abs(first() - share * 3e6) < 200) || host.querySelector("td.unread")) await frame();
    await frame();
    return performance.now() - start;
  }, share);

const jumps = [];
for (let i = 1; i <= 20; i++) jumps.push(await jump((i * 0.618) % 1));
console.log(`jumps in 3,000,000 rows: median ${Math.round(median(jumps))} ms of ${round(jumps)}`);
const wire = await page.context().newCDPSession(page);
await wire.send("HeapProfiler.collectGarbage");
console.log(`heap: ${((await wire.send("Runtime.getHeapUsage")).usedSize / 1e6).toFixed(1)} MB`);
await browser.close();
server.stop();
