// Journeys with bad input and on bad networks.
import assert from "node:assert/strict";
import { ask, becomes, cell, column, csv, gone, hold, noise, openFile, rows, saved, showed, shows, trial, type, until } from "../browser.mjs";
import { proxy } from "../proxy.mjs";

/** Repeated requests of one kind are found by their method, address and body. */
const sent = (page) => {
  const all = [];
  page.on("request", (one) => all.push(`${one.method()} ${new URL(one.url()).pathname} ${one.postData() ?? ""}`));
  return all;
};

const twice = (all) => all.filter((one, i) => /^POST .*data.query/.test(one) && all.indexOf(one) !== i);

export const journeys = {
  async "a file of a type that is not read"(at, { seen }) {
    const { page } = await at({ expected: [415, 422] });
    await page.setInputFiles("input[type=file]", { name: "trap.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4 no table\u0000") });
    await shows(page, ".refusal", /trap\.pdf was not accepted\..*(CSV|csv)/s);
    await seen(page, "a file that was refused");
    await page.click("text=Paste a table…");
    await seen(page, "the dialog to paste");
    await page.fill("dialog textarea", "a\tb\n1\t2\n");
    await page.click("dialog >> text=Read the table");
    await page.waitForSelector(".receipt h1");
    await shows(page, ".receipt .heading", "1 row × 2 columns");
  },

  async "without a network changes wait, and nothing is lost"(at, { seen }) {
    const { page, context } = await at({ lost: true });
    await openFile(page, trial);
    await context.setOffline(true);
    await cell(page, 0, 1);
    await type(page, "one");
    await type(page, "two");
    await shows(page, ".session-bar", /[12] changes? waiting/);
    await shows(page, "regular-table tbody tr:nth-child(2) td", "two");
    await seen(page, "changes that wait");
    await context.setOffline(false);
    await saved(page, 3);
    await page.reload();
    await rows(page);
    await becomes(() => column(page, 1), ["one", "two", "A", "C", "B"]);
  },

  async "the server goes away during an upload, and comes back"(at, { server }) {
    const between = await proxy(server);
    try {
      const { page } = await at({ url: `${between.url}/console/`, lost: true });
      const wire = await page.context().newCDPSession(page);
      await wire.send("Network.enable");
      const speed = (bytes) => wire.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
      await speed(20_000);
      await page.setInputFiles("input[type=file]", csv("large.csv", `n\n${noise(100_000).join("\n")}\n`));
      await shows(page, ".sending .soft", /^[1-9]\d? %/);
      between.is("gone");
      await shows(page, ".sending .warned", "The file is sent again");
      await speed(-1);
      between.is("");
      await page.waitForSelector(".receipt h1");
      await shows(page, ".receipt .heading", "100,000 rows");
      // It was one upload: each attempt had the same key.
      assert.equal(new Set(between.passed.map((one) => one.key)).size, 1);
      assert.ok(between.passed.length > 1);
    } finally {
      between.close();
    }
  },

  async "answers to changes are lost, and the server makes each once"(at, { server }) {
    const between = await proxy(server);
    try {
      const { page } = await at({ url: `${between.url}/console/`, lost: true });
      await openFile(page, trial);
      between.passed.length = 0;
      between.is("deaf");
      await cell(page, 0, 1);
      await type(page, "one");
      await shows(page, "regular-table tbody tr:first-child td", "one");
      await shows(page, ".session-bar", "1 change waiting");
      between.is("gone");
      await type(page, "two");
      // Whoever goes to another view meanwhile loses nothing.
      await page.click(".brand");
      await page.click(".recents a.name");
      await shows(page, "regular-table tbody tr:nth-child(2) td", "two");
      between.is("");
      await saved(page, 3);
      const edits = between.passed.filter((one) => one.method === "PATCH");
      assert.ok(edits.length > 2, `the edits were sent ${edits.length} times`);
      assert.equal(new Set(edits.map((one) => one.key)).size, 2);
      const { versions } = JSON.parse((await ask(page, "/versions")).text);
      assert.deepEqual(versions.map((one) => one.version_id).sort(), [1, 2, 3]);
      await becomes(() => column(page, 1), ["one", "two", "A", "C", "B"]);
    } finally {
      between.close();
    }
  },

  async "a slow network"(at, { vega }) {
    const { page } = await at();
    const all = sent(page);
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    await wire.send("Network.emulateNetworkConditions", { offline: false, latency: 300, downloadThroughput: 60_000, uploadThroughput: 60_000 });
    await openFile(page, vega("movies.json"));
    await showed(page, ".sending", /[^\d][1-9]\d? %/);
    // What is not there yet is shown as such, and comes.
    const read = await hold(page, "**/data/query*");
    await page.keyboard.press("Control+End");
    await page.waitForSelector("regular-table td.unread");
    read();
    await shows(page, "regular-table tbody th", "3,200");
    await gone(page, "regular-table td.unread");
    await page.keyboard.press("Control+Home");
    await shows(page, "#active-cell", "The Land Girls");
    const write = await hold(page, "**/data");
    await type(page, "slow");
    await shows(page, ".session-bar", /saving…|1 change waiting/);
    await shows(page, "regular-table tbody tr:first-child td", "slow");
    write();
    await saved(page, 2);
    assert.deepEqual(twice(all), []);
    assert.equal(all.filter((one) => one.startsWith("PATCH")).length, 1);
  },

  async "a table of 10,000 columns"(at) {
    const { page } = await at();
    const wide = 10_000;
    const line = (cell) => Array.from({ length: wide }, (_, i) => cell(i)).join();
    await openFile(page, csv("wide.csv", `${line((i) => `c${i}`)}\n${Array.from({ length: 200 }, (_, row) => line((i) => (row * 31 + i) % 1000)).join("\n")}\n`));
    await shows(page, ".querybar .count", "200 rows");
    await page.keyboard.press("Control+End");
    await shows(page, "#active-cell", String((199 * 31 + 9999) % 1000));
    await shows(page, "regular-table thead th", "c9999");
    await shows(page, "regular-table tbody th", /^199$/);
    // Half of the way, with the wheel: it ends what scrolls to the active cell.
    await page.hover("#active-cell");
    const width = await page.$eval("regular-table", (host) => host.scrollWidth);
    await page.mouse.wheel(-width / 2, -100_000);
    await until(page, () => [...document.querySelectorAll("regular-table thead tr:first-child th")].some((th) => /^c[3-7]\d\d\d/.test(th.textContent)));
    await until(page, () => document.querySelector("regular-table td") && !document.querySelector("regular-table td.unread"));
    await page.keyboard.press("Control+Home");
    await shows(page, "regular-table thead th", /^c0/);
    await shows(page, "#active-cell", /^0$/);
    await type(page, "12345");
    await saved(page, 2);
    await shows(page, "regular-table tbody tr:first-child td", "12345");
    await page.click(".querybar >> text=Columns");
    await page.fill("aside input[type=search]", "c98");
    await page.click("aside >> text=Show only these");
    await shows(page, "regular-table thead th", /^c98/);
    const wire = await page.context().newCDPSession(page);
    await wire.send("HeapProfiler.collectGarbage");
    const { usedSize } = await wire.send("Runtime.getHeapUsage");
    assert.ok(usedSize < 50e6, `the heap has ${usedSize} bytes`);
    await becomes(async () => (await page.$$("regular-table td")).length < 3000, true);
  },

  async "cells of a megabyte"(at) {
    const { page } = await at();
    const long = `begin\n${"lorem ipsum ".repeat(90_000)}end`;
    await openFile(page, csv("long.csv", `id,text\n1,"${long}"\n2,short\n`));
    await shows(page, "regular-table tbody tr:first-child td", /^begin\slorem.*…$/);
    assert.ok((await page.content()).length < 200_000, "the page has the whole cell");
    // It is shown whole on demand, and looking does not change it.
    await cell(page, 0, 1);
    await page.keyboard.press("Enter");
    await page.waitForSelector("textarea.cell-editor");
    assert.equal(await page.inputValue(".cell-editor"), long);
    await page.keyboard.press("Enter");
    await gone(page, ".cell-editor");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForSelector("textarea.cell-editor");
    await page.keyboard.press("Control+End");
    await page.keyboard.press("Alt+Enter");
    await page.keyboard.type("more");
    await page.keyboard.press("Enter");
    await saved(page, 2);
    const answer = JSON.parse((await ask(page, "/data/query", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).text);
    assert.equal(answer.data[0].text, `${long}\nmore`);
    await page.click(".tools >> text=Column");
    await shows(page, ".summary .top", /short/);
    assert.ok((await page.content()).length < 200_000, "the page has the whole cell");
  },

  async "HTML, script and right-to-left text are text, in cells, names and file names"(at) {
    const { page } = await at();
    const hostile = "<img src=x onerror=alert(1)>";
    page.on("dialog", (dialog) => assert.fail(dialog.message()));
    await openFile(page, csv(`${hostile}.csv`, `"${hostile}",__proto__,שם\n"<script>alert(1)</script>","${hostile}",שלום\nlong,,${"שלום ".repeat(5000)}\n`));
    await shows(page, "regular-table td", "<script>alert(1)</script>");
    await shows(page, ".session-bar h1", hostile);
    await cell(page, 1, 2);
    await page.keyboard.press("Enter");
    await page.waitForSelector("textarea.cell-editor[dir=rtl]");
    await page.keyboard.press("Escape");
    await cell(page, 0, 0);
    await page.click(".tools >> text=Column");
    await shows(page, ".summary .top", "<script>");
    await page.click(".tools >> text=Timeline");
    await page.waitForSelector(".timeline li");
    assert.equal(await page.$("img"), null);
  },
};
