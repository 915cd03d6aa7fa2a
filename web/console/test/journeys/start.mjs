// Journeys from a file to a table.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { becomes, csv, drawn, noise, rows, saved, showed, shows, tabTo, trial, until, upload } from "../browser.mjs";

export const journeys = {
  async "upload with progress, cancel, receipt, read again"(at, { seen }) {
    const { page } = await at();
    // What is sent slowly shows its progress, and can be cancelled.
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    const speed = (bytes) => wire.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
    await speed(20_000);
    await page.setInputFiles("input[type=file]", csv("slow.csv", `n\n${noise(300_000).join("\n")}\n`));
    await shows(page, ".sending .soft", /^[1-9]\d? % · .+ of .+B$/);
    await seen(page, "the upload");
    await page.click(".sending >> text=Cancel");
    await page.waitForSelector(".drop >> text=Choose a file");
    await speed(-1);
    assert.equal(await page.$(".refusal"), null);
    await upload(page, trial);
    await showed(page, ".sending", "Reading…");
    await shows(page, ".receipt .samples", /respelled.*1\.50 → 1\.5/);
    await shows(page, ".receipt .samples", /became missing.*None/);
    const first = page.url();
    await page.click("text=Read again with…");
    await page.fill("label:has-text('Spellings of a missing value') input", "(none)");
    await seen(page, "the receipt");
    await page.click(".parameters >> text=Read again");
    await page.waitForURL((url) => url.href !== first);
    await until(page, () => document.querySelector(".receipt h1") && !document.querySelector(".receipt .columns").textContent.includes("None"));
    await page.selectOption("select[aria-label='Type of id']", "int64");
    await shows(page, ".receipt .samples", /007 → 7/);
    await page.click("text=Continue");
    await rows(page);
    await becomes(async () => (await drawn(page))[1], ["1", "8", "B", "", "None"]);
    await page.click(".brand");
    await shows(page, ".recents", /trial\.csv.*5 × 4.*(5|6)\d minutes left/);
    await seen(page, "the start");
  },

  async "sheets of a workbook: one, each, below one another"(at, { seen, file }) {
    const { page } = await at({ expected: [404] });
    const workbook = { name: "two-sheets.xlsx", mimeType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", buffer: readFileSync(file("conformance/testdata/stored/two-sheets.xlsx")) };
    const choose = async () => {
      await page.setInputFiles("input[type=file]", workbook);
      await page.waitForSelector(".sheets .card");
    };
    await choose();
    await seen(page, "the sheets");
    const cards = await page.$$eval(".sheets .card", (all) => all.map((one) => one.textContent));
    assert.equal(cards.length, 2);
    const sizes = await page.$$eval(".sheets .card > p", (all) => all.map((one) => one.textContent.match(/([\d,]+) rows? × ([\d,]+) columns?/).slice(1)));
    const suggested = sizes[cards.findIndex((one) => one.includes("suggested"))];
    // A workbook that the server does not have any more is sent again.
    await page.route("**/select", (route) => route.fulfill({ status: 404, contentType: "application/problem+json", body: JSON.stringify({ code: "upload_not_found", detail: "gone" }) }), { times: 1 });
    await page.click("text=Use this sheet");
    await page.waitForSelector(".receipt h1");
    await shows(page, ".receipt .heading", new RegExp(`${suggested[0]} rows? × ${suggested[1]} columns?`));
    await page.click(".brand");

    const all = async () => {
      await choose();
      for (const box of await page.$$(".sheets input[type=checkbox]")) await box.check();
    };
    await all();
    await page.click("text=One session each");
    await showed(page, ".notice", "2 sessions were made");
    await becomes(async () => (await page.$$(".recents a.name")).length, 3);
    await all();
    await page.click("text=Below one another");
    const sum = sizes.reduce((total, [rows]) => total + Number(rows), 0);
    await shows(page, ".receipt .heading", `${sum} rows`);
    await page.click("text=Continue");
    await rows(page);
    await shows(page, ".querybar .count", `${sum} rows`);
  },

  async "by keyboard alone, from the upload to the export"(at) {
    const { page } = await at();
    page.on("filechooser", (chooser) => chooser.setFiles(csv("keys.csv", "name,n\na,1\nb,2\nc,3\n")));
    await tabTo(page, "Choose a file…");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".receipt h1");
    await tabTo(page, "Continue");
    await page.keyboard.press("Enter");
    await rows(page);
    await until(page, () => document.activeElement.getAttribute("role") === "grid");
    for (const key of ["ArrowDown", "ArrowRight", "Enter"]) await page.keyboard.press(key);
    await page.waitForSelector(".cell-editor");
    await page.keyboard.type("20");
    await page.keyboard.press("Enter");
    await saved(page, 2);
    // What is typed opens the editor too, and Escape leaves the cell as it was.
    await page.keyboard.type("9");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Alt+ArrowDown");
    await page.waitForSelector(".column-menu .values li");
    await tabTo(page, "Sort descending");
    await page.keyboard.press("Enter");
    await shows(page, "regular-table tbody tr:first-child td", "20");
    // The grid has the keyboard again, and Export stands before it.
    for (let tries = 0; tries < 40; tries++) {
      await page.keyboard.press("Shift+Tab");
      if ((await page.evaluate(() => document.activeElement.textContent)) === "Export") break;
    }
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=menu]");
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    assert.equal(download.suggestedFilename(), "keys.csv");
    assert.equal(readFileSync(await download.path(), "utf8"), "name,n\nb,20\nc,3\na,1\n");
  },

  async "a screen of 400 pixels"(at, { seen }) {
    const { page } = await at({ viewport: { width: 400, height: 800 } });
    const fits = async (view) => {
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 400, `${view} is wider than the screen`);
      await seen(page, `${view} on a small screen`);
    };
    await page.click(".status");
    await shows(page, ".health", "The server is healthy");
    await fits("the health");
    await page.click(".brand");
    await page.waitForSelector(".drop");
    await fits("the start");
    await upload(page, trial);
    await fits("the receipt");
    await page.click("text=Continue");
    await rows(page);
    await fits("the grid");
    for (const panel of ["Clean", "Column", "Timeline"]) {
      await page.click(`.tools >> text=${panel}`);
      await page.waitForSelector(`aside[aria-label=${panel}] .stack`);
      // A panel comes from below, and leaves rows above it.
      const box = await (await page.$("aside.panel")).boundingBox();
      assert.ok(box.width > 380 && box.y > 100, `${panel} is at ${JSON.stringify(box)}`);
      await page.click("button[aria-label='Close the panel']");
    }
  },
};
