// Journeys that leave the table, or lose it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ask, becomes, cell, column, csv, openFile, rows, saved, shows, trial, type } from "../browser.mjs";

export const journeys = {
  async "export, and compare the bytes"(at, { seen }) {
    const { page } = await at();
    const text = "id,site,dose\n007,A,1.5\n008,B,\n009,\"a \"\"b\"\"\",0.9\n010,é,2.5\n";
    await openFile(page, csv("exact.csv", text));
    const save = async (label) => {
      await page.click(".tools >> text=Export");
      await page.waitForSelector("[role=menu]");
      if (label === "CSV") await seen(page, "the menu of formats");
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(`[role=menuitem]:has-text("${label}") >> nth=0`)]);
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const whole = await save("CSV");
    assert.equal(whole.name, "exact.csv");
    assert.equal(whole.bytes.toString(), text);
    // What is shown is exported: filtered, sorted, without a column that is hidden.
    await page.click("button[aria-label='Menu of dose']");
    await page.selectOption(".compare select", "not_null");
    await page.click(".compare >> text=Filter");
    await shows(page, ".querybar .count", "3 of 4 rows");
    await page.click(".head.name .label:text-is('dose')");
    await shows(page, ".chip", "sorted by dose");
    await page.click("button[aria-label='Menu of site']");
    await page.click(".column-menu >> text=Hide");
    await shows(page, ".querybar", "1 hidden");
    assert.equal((await save("CSV")).bytes.toString(), "id,dose\n009,0.9\n007,1.5\n010,2.5\n");
    const query = { version: 1, where: { column: "dose", cmp: "not_null" }, sort: [{ column: "dose", descending: false }], columns: ["id", "dose"] };
    const json = await save("JSON");
    const answer = await ask(page, "/data/query?format=json", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(query) });
    assert.equal(json.bytes.toString(), answer.text);
    assert.equal((await save("Parquet")).bytes.subarray(0, 4).toString(), "PAR1");
  },

  async "a link in a fresh profile"(at, { seen }) {
    const { page } = await at();
    await openFile(page, trial);
    await page.click(".tools >> text=Share…");
    await page.click("dialog >> text=Make a link");
    await seen(page, "the dialog Share");
    const link = await page.inputValue("dialog input[readonly]");
    await page.click("dialog button[aria-label=Close]");
    const other = await at({ url: link });
    await rows(other.page);
    await becomes(() => column(other.page, 1), ["A", "B", "A", "C", "B"]);
    await cell(other.page, 1, 1);
    await type(other.page, "guest");
    await saved(other.page, 2);
    // The first page learns of it by itself.
    await shows(page, "regular-table tbody tr:nth-child(2) td", "guest");
    await other.page.click(".brand");
    await shows(other.page, ".recents", "trial.csv");
    await other.page.fill("input[aria-label='Session id or link']", link);
    await other.page.click(".open >> text=Open");
    await rows(other.page);
  },

  async "a session that expires stays readable"(at, { seen }) {
    const { page } = await at({ expected: [404] });
    await openFile(page, trial);
    assert.equal((await ask(page, "/touch?ttl_seconds=1", { method: "POST" })).status, 200);
    await shows(page, ".state", /gone at \d\d:\d\d/);
    await shows(page, "regular-table td", "008");
    // What is on the screen can be moved in and copied, but not changed.
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await shows(page, "#active-cell", "B");
    // Keys are handled in order: once the next one has moved, Enter has opened no editor.
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowLeft");
    await shows(page, "#active-cell", "008");
    assert.equal(await page.$(".cell-editor"), null);
    await seen(page, "a session that is gone");
    await page.click(".brand");
    await shows(page, ".recents", /trial\.csv.*gone/);
  },
};
