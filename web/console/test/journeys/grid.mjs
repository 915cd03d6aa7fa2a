// Journeys in the table.
import assert from "node:assert/strict";
import { becomes, cell, column, csv, drawn, gone, openFile, rows, saved, showed, shows, trial, type, until, withClipboard } from "../browser.mjs";

export const journeys = {
  async "page to the end, sort, filter, edit, undo, by mouse"(at, { vega, seen }) {
    const { page } = await at({ expected: [422] });
    await openFile(page, vega("movies.json"));
    await shows(page, ".querybar .count", "3,201 rows");
    await page.keyboard.press("Control+End");
    await shows(page, "regular-table tbody th", "3,200");
    await shows(page, "regular-table td.active", /./);
    await page.keyboard.press("Control+Home");
    await shows(page, "regular-table td.active", "The Land Girls");

    await page.click(".head.name .label:text-is('US Gross')");
    await page.click(".head.name .label:text-is('US Gross')");
    await shows(page, "regular-table tbody tr:first-child td", "Avatar");
    await page.keyboard.press("End");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowLeft");
    // It is drawn when the grid has scrolled to it.
    await page.waitForSelector("#active-cell");
    await page.keyboard.press("Alt+ArrowDown");
    await page.waitForSelector(".column-menu .values li");
    await page.keyboard.press("Escape");
    await gone(page, ".column-menu");
    await page.evaluate(() => document.querySelector("regular-table").scrollTo({ left: 0 }));
    await page.click("button[aria-label='Menu of US Gross']");
    await page.selectOption(".compare select", "ge");
    await page.fill(".compare input", "400000000");
    await page.click(".compare >> text=Filter");
    await shows(page, ".querybar .count", /^11 of 3,201 rows$/);
    await becomes(async () => (await drawn(page)).length, 11);

    await cell(page, 1, 1);
    await type(page, "600788189");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "600788189");
    await saved(page, 2);
    await cell(page, 1, 1);
    await type(page, "many");
    await shows(page, ".conflict", /“many” is not accepted/);
    await seen(page, "a value that is not accepted");
    await page.click("text=Leave it as it was");
    await page.click("text=Undo");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "600788188");
    await page.click("text=Redo");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "600788189");
    await page.click("button[aria-label='Remove the filter of US Gross']");
    await shows(page, ".querybar .count", /^3,201 rows$/);
  },

  async "clean with a preview, the numbers of a column, versions"(at, { seen }) {
    const { page } = await at();
    await openFile(page, trial);
    await seen(page, "the grid");
    await page.click("button[aria-label='Menu of site']");
    await page.waitForSelector(".column-menu .values li");
    await seen(page, "the menu of a column");
    await page.keyboard.press("Escape");
    await cell(page, 0, 2);
    await page.click(".tools >> text=Column");
    await shows(page, ".summary .numbers", /mean1\.45/);
    await page.waitForSelector(".histogram canvas");
    await seen(page, "the panel of a column");
    await page.click(".tools >> text=Clean");
    await page.click(".clean >> text=Preview");
    await shows(page, ".clean .preview", /1 row, 1 cell/);
    await seen(page, "the panel Clean");
    await page.click(".clean >> text=Apply");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "1.2");
    await page.click(".querybar >> text=Columns");
    await page.click("aside[aria-label=Columns] label:has-text('id')");
    await shows(page, ".querybar", "1 hidden");
    await seen(page, "the choice of columns");
    await page.click("aside[aria-label=Columns] >> text=Show all");
    await page.click(".tools >> text=Clean");
    await page.selectOption(".clean select", "compute");
    await page.fill("label:has-text('Column') input", "double");
    await page.fill(".clean textarea", "2 * do");
    await page.press(".clean textarea", "Tab");
    await becomes(() => page.inputValue(".clean textarea"), "2 * dose");
    await page.click(".clean >> text=Preview");
    await shows(page, ".clean .preview", "new: double");
    await page.click(".clean >> text=Apply");
    await shows(page, "regular-table thead th", "double");
    await page.click(".tools >> text=Timeline");
    await shows(page, ".timeline", /v3.*v2.*v1/);
    await seen(page, "the timeline");
    await page.click(".timeline li:last-child >> text=Look at it");
    await shows(page, ".state", "You look at version 1");
    await until(page, () => document.querySelectorAll("regular-table thead tr:first-child th").length === 5);
    await page.click(".state >> text=Restore this version");
    await shows(page, ".timeline", /v4/);
    await shows(page, ".session-bar", "v4");
    await page.click(".brand");
    await openFile(page, csv("large.csv", "id\n9007199254740993\n9007199254741001\n"));
    await page.click(".tools >> text=Column");
    await shows(page, ".summary .numbers", /mean9,007,199,254,740,99\d/);
  },

  async "a block is pasted, rows are inserted and deleted, all by keyboard"(at, { seen }) {
    const { page } = await at({ permissions: ["clipboard-read", "clipboard-write"] });
    await openFile(page, trial);
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("ArrowDown", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown");
    await withClipboard(async () => {
      await press("Control+c");
      await showed(page, ".notice", "Copied 2 rows");
      await becomes(() => page.evaluate(() => navigator.clipboard.readText()), "B\t\nA\t0.9");
      await page.evaluate(() => navigator.clipboard.writeText('X\t1\n"Y ""z"""\t2\nnew\t3\n'));
      await press("Control+End", "ArrowUp", "ArrowLeft", "ArrowLeft", "Control+v");
      await shows(page, ".querybar .count", "6 rows");
    });
    await becomes(async () => (await drawn(page)).slice(3).map((line) => line.slice(2, 4)), [["X", "1"], ['Y "z"', "2"], ["new", "3"]]);
    await press("Control+End");
    await page.focus(".querybar button[aria-haspopup=menu]");
    await press("Enter");
    await page.waitForSelector("[role=menu]");
    await seen(page, "the menu of rows");
    await press("ArrowDown", "ArrowDown", "Enter");
    await shows(page, ".querybar .count", "5 rows");
    await page.focus("regular-table table");
    // Two keys at once are two commands.
    await press("Control+z", "Control+z");
    await saved(page, 2);
    await shows(page, ".querybar .count", "5 rows");
    await press("Control+Shift+z");
    await saved(page, 3);
    await shows(page, ".querybar .count", "6 rows");
    await press("Control+Home", "Delete");
    await becomes(() => column(page, 0), ["", "008", "009", "010", "011", ""]);
    await saved(page, 5);
    await press("?");
    await shows(page, "dialog", "Page Down");
    await seen(page, "the list of keys");
  },

  async "two tabs change one cell, and different cells"(at, { seen }) {
    const { page, context } = await at({ expected: [412] });
    await openFile(page, trial);
    const other = await context.newPage();
    await other.goto(page.url());
    await rows(other);
    await cell(page, 0, 1);
    await cell(other, 0, 1);
    await other.keyboard.press("Enter");
    await other.fill(".cell-editor", "theirs");
    // The other tab does not know yet.
    await type(page, "mine");
    await saved(page, 2);
    await other.keyboard.press("Enter");
    await shows(other, ".conflict", /site, row 0.*somebody set “mine” while you typed “theirs”/);
    await seen(other, "a conflict");
    await other.click(".conflict button:text-is('Mine')");
    await shows(other, "regular-table tbody tr:first-child td", "theirs");
    await saved(other, 3);
    await cell(other, 1, 1);
    await other.keyboard.press("Enter");
    await other.fill(".cell-editor", "left");
    await cell(page, 2, 1);
    await type(page, "right");
    await saved(page, 4);
    await other.keyboard.press("Enter");
    await saved(other, 5);
    for (const one of [page, other]) {
      await shows(one, "regular-table tbody tr:nth-child(2) td", "left");
      await shows(one, "regular-table tbody tr:nth-child(3) td", "right");
    }
  },
};
