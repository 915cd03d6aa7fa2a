// The journeys through the timeline, the changes of others, the menus of the grid and the operations.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { becomes, cell, column, csv, gone, hold, openFile, rows, saved, showed, shown, shows, trial, type, until, upload } from "../browser.mjs";

/** Chooses an operation of the panel Clean. */
const operation = async (page, label) => page.selectOption(".clean label:has-text('Operation') select", { label });

/** Ticks exactly these columns. */
const tick = async (page, names) => {
  await page.waitForSelector(".clean .choices");
  for (const box of await page.$$(".clean .choices li")) {
    const name = await box.$eval("span", (span) => span.textContent);
    await (await box.$("input")).setChecked(names.includes(name));
  }
};

/** Tries what is filled in, and applies it: that is the next version. */
const apply = async (page, expected) => {
  const version = parseInt((await page.textContent(".session-bar .title [aria-haspopup=menu]")).slice(1));
  await page.click(".clean >> text=Preview");
  await shows(page, ".clean .preview", expected);
  await page.click(".clean .button.primary");
  await saved(page, version + 1);
  await showed(page, ".notice", "done");
};

/** Opens the menu of a cell that is drawn. */
const menuOf = async (page, row, column) => {
  await page.click(`regular-table tbody tr:nth-child(${row + 1}) td:nth-of-type(${column + 1})`, { button: "right" });
  await page.waitForSelector("[role=menu]");
};

const heads = (page) => page.$$eval("regular-table thead tr:first-child .label", (all) => all.map((one) => one.textContent));

/** A change through the server, by somebody else. */
const elsewhere = (page, operations) =>
  page.evaluate(async (operations) => {
    const id = location.hash.split("/")[2].split("?")[0];
    const answer = await fetch(new URL(`../api/v1/sessions/${id}/data`, document.baseURI), { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ operations }) });
    if (!answer.ok) throw new Error(await answer.text());
  }, operations);

export const journeys = {
  async "versions are compared, named and restored, a cell has its history"(at, { seen }) {
    const { page } = await at();
    await openFile(page, trial);
    await cell(page, 0, 2);
    await type(page, "1.75");
    await saved(page, 2);
    await cell(page, 3, 1);
    await page.click(".querybar button[aria-haspopup=menu]");
    await page.click("[role=menuitem]:has-text('Delete the row')");
    await saved(page, 3);
    await becomes(() => column(page, 0), ["007", "008", "009", "011"]);
    await cell(page, 0, 2);
    await type(page, "2");
    await saved(page, 4);

    await page.click(".tools >> text=Timeline");
    await page.click("[aria-label='Name version 1']");
    await page.fill("[aria-label='Name of version 1']", "raw, locked");
    await page.keyboard.press("Enter");
    await shows(page, ".version-name", "raw, locked");
    await page.click("[aria-label='Rename version 1']");
    await seen(page, "the field for a name");
    await page.click(".name-form >> text=Cancel");

    await page.click("[aria-label='Compare version 1 with the current one']");
    await shows(page, ".figures", /cells changed1rows added0rows removed1rows moved0/);
    await shows(page, ".by-column", /dose1/);
    await becomes(() => page.$$eval(".changes tbody tr", (lines) => lines.map((line) => [...line.cells].map((one) => one.textContent))), [["0", "dose", "1.5", "2"]]);
    await shows(page, ".compare-versions section", /Rows removed.*3.*C/);
    await seen(page, "the comparison");
    await page.click("[aria-label='Swap the versions']");
    await shows(page, ".figures", /rows added1rows removed0/);
    await page.selectOption("label:has-text('Which row is which') select", "id");
    await shows(page, ".figures", /rows added1rows removed0/);
    await page.click("[aria-label='Swap the versions']");
    await shows(page, ".figures", /rows added0rows removed1/);
    await page.click(".head.name .label:text-is('dose')");
    await shows(page, ".chip", "sorted by dose");
    await page.click(".changes .link:not([disabled])");
    await shows(page, "regular-table td.active", /^2$/);
    await gone(page, ".chip");
    await page.click(".back");

    await menuOf(page, 0, 2);
    await page.click("[role=menuitem]:has-text('History of the cell')");
    await shows(page, ".cell-history", /2v4.*1\.75v2.*1\.5v1/);
    await seen(page, "the history of a cell");
    await page.click(".cell-history li:last-child >> text=Put it back");
    await shows(page, "regular-table td.active", "1.5");
    await shows(page, ".cell-history", /1\.5v5.*2v4/);
    await page.focus("regular-table table");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Alt+h");
    await shows(page, ".panel", /dose, row 1.*missing.*v1/);

    await page.click(".tools >> text=Timeline");
    await page.click("[aria-label='Restore version 1']");
    await saved(page, 6);
    await shows(page, ".querybar .count", "5 rows");
    await page.click("[aria-label='Rename version 1']");
    await page.fill("[aria-label='Name of version 1']", "");
    await page.click(".name-form >> text=Remove");
    await gone(page, ".version-name");
  },

  async "a recipe is shown, saved, and applied to another file and to another session"(at, { seen }) {
    const { page } = await at({ expected: [422] });
    await openFile(page, trial);
    await page.click(".tools >> text=Clean");
    await tick(page, ["dose"]);
    await apply(page, /1 row, 1 cell/);
    await cell(page, 4, 1);
    await type(page, "E");
    await saved(page, 3);
    await page.click(".tools >> text=Timeline");
    await page.click(".panel >> text=Recipe…");
    await shows(page, ".steps", /Read the file.*fill dose with median.*by the places of rows/);
    await seen(page, "a recipe");
    // Another file has other rows at these places.
    const june = csv("june.csv", "id,site,Dose,outcome\n011,B,3,ok\n012,A,,ok\n013,A,4,ok\n");
    const may = csv("may.csv", "id,site,dose,outcome\n012,A,,ok\n011,B,3.5,ok\n013,A,4.5,ok\n");
    await page.setInputFiles("[aria-label='File to apply the recipe to']", may);
    await shows(page, ".apply .error", "A step names rows by their places");
    await shows(page, ".steps .wrong", "This step cannot be done");
    await page.selectOption("label:has-text('Rows are found again by') select", "id");
    await until(page, () => document.querySelector(".steps")?.textContent.includes("by the places") === false);
    await page.setInputFiles("[aria-label='File to apply the recipe to']", june);
    await shows(page, ".steps .wrong", /Nearest: Dose/);
    await seen(page, "a recipe that does not fit");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download as JSON")]);
    assert.equal(download.suggestedFilename(), "trial.recipe.json");
    const text = readFileSync(await download.path(), "utf8");
    assert.deepEqual(JSON.parse(text).steps.map((step) => step.operations.map((one) => one.op)), [["fill_missing"], ["set_values"]]);
    await page.setInputFiles("[aria-label='File to apply the recipe to']", may);
    await shows(page, ".apply .message", /3 rows × 4 columns/);
    await page.click("text=Make the session");
    await shows(page, ".session-bar h1", "may.csv");
    await shows(page, "regular-table tbody tr:first-child", /012|12/);
    await becomes(() => column(page, 2), ["4", "3.5", "4.5"]);
    await becomes(async () => (await column(page, 1))[1], "E");

    const fold = { recipe: 1, steps: [{ summary: "Upper case", operations: [{ op: "compute", column: "site", expression: "lower(site)" }] }] };
    const wrong = { recipe: 1, steps: [{ summary: "first", operations: [] }, { summary: "second", operations: [{ op: "drop_missing", columns: ["doze"] }] }] };
    const json = (name, document) => ({ name, mimeType: "application/json", buffer: Buffer.from(JSON.stringify(document)) });
    if (!(await page.$(".panel"))) await page.click(".tools >> text=Timeline");
    await page.click(".panel >> text=Recipe…");
    await page.setInputFiles("[aria-label='Recipe to load']", json("wrong.json", wrong));
    await shows(page, "dialog h2", "Recipe of wrong.json");
    await page.click("text=Try it");
    await shows(page, ".steps .wrong", /second.*doze.*Nearest: dose/);
    await page.setInputFiles("[aria-label='Recipe to load']", json("lower.json", fold));
    await shows(page, ".steps", "site = lower(site)");
    await page.click("text=Try it");
    await shows(page, ".apply .preview", /3 rows/);
    await page.click(".apply .primary:not([disabled])");
    await shows(page, "regular-table tbody tr:nth-child(2)", "e");
    await shows(page, ".timeline", "Recipe lower.json");
  },

  async "changes of others are told, and what is typed stays"(at, { seen }) {
    const { page } = await at({ expected: [412] });
    // A server without live updates tells only that there is another version.
    const tells = await page.evaluate(async () => (await (await fetch(new URL("../health/storage", document.baseURI))).json()).capabilities.live_updates);
    const many = Array.from({ length: 60 }, (_, i) => `${i},A,${i / 2},ok\n`).join("");
    await openFile(page, csv("many.csv", `id,site,dose,outcome\n${many}`));
    /**
     * Changes the table, and waits until the page tells it. A page that is not connected yet, or gets to know two changes
     * at once, sees what has changed, but cannot say what was done. Then there is another change.
     */
    const untilTold = async (change, see, text) => {
      const expected = tells ? text : /Somebody changed the table/;
      for (let n = 0; n < 50; n++) {
        await elsewhere(page, [change(n)]);
        await see(n);
        if ((await shown(page, ".news")).some((one) => expected.test(one))) return;
      }
      assert.fail(`${text} is not told, but ${await shown(page, ".news")}`);
    };
    await cell(page, 0, 1);
    await page.keyboard.press("Enter");
    await page.fill(".cell-editor", "half");
    await untilTold(
      (n) => ({ op: "set_values", column: "dose", rows: [1], value: 70 + n }),
      (n) => shows(page, "regular-table tbody tr:nth-child(2)", String(70 + n)),
      /^Somebody changed dose$/,
    );
    await showed(page, "[aria-live=polite]", "Somebody changed");
    assert.equal(await page.inputValue(".cell-editor"), "half");
    await untilTold(
      (n) => ({ op: "set_values", column: "site", rows: [0], value: `theirs ${n}` }),
      (n) => shows(page, "regular-table tbody tr:first-child", `theirs ${n}`),
      /^Somebody changed site$/,
    );
    await page.keyboard.press("Enter");
    await shows(page, ".conflict", /site, row 0.*somebody set “theirs \d+” while you typed “half”/);
    await page.click(".conflict button:text-is('Theirs')");
    await cell(page, 2, 3);
    await type(page, "own");
    await until(page, () => !/saving|waiting/.test(document.querySelector(".session-bar").textContent));
    await untilTold(
      (n) => ({ op: "delete_rows", rows: [59 - n] }),
      (n) => shows(page, ".querybar .count", `${59 - n} rows`),
      /^Somebody: .*delete/i,
    );
    // What this page has done itself before is no news.
    assert.deepEqual((await shown(page, ".news")).filter((one) => /outcome|own|set 1 cell/.test(one)), []);
  },

  async "marks, empty texts, several keys, columns and rows"(at, { seen }) {
    const { page } = await at();
    await openFile(page, { name: "rows.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify([{ id: 2, site: "B", note: "" }, { id: 1, site: "A", note: null }, { id: 3, site: "A", note: "x" }, { id: 1, site: "B", note: null }])) });
    await page.waitForSelector("regular-table td.empty");
    await menuOf(page, 1, 2);
    await seen(page, "the menu of a cell");
    await page.click("[role=menuitem]:has-text('Mark as missing on purpose')");
    await page.waitForSelector("regular-table tbody tr:nth-child(2) td.marked");
    assert.equal(await page.$eval("regular-table td.marked", (td) => getComputedStyle(td, "::before").content), '"⌀"');
    assert.equal(await page.$eval("regular-table tbody tr:nth-child(4) td:nth-of-type(3)", (td) => getComputedStyle(td, "::before").content), '"–"');
    await shows(page, "regular-table thead .missing", "·2 ⌀1");

    await page.click(".head.name .label:text-is('site')");
    await page.click(".head.name .label:text-is('id')", { modifiers: ["Shift"] });
    await becomes(() => column(page, 0), ["1", "3", "1", "2"]);
    await shows(page, "regular-table thead .arrow", "↑2");
    await page.click("button[aria-label='Menu of id']");
    await page.click("text=Then sort by it, descending");
    await becomes(() => column(page, 0), ["3", "1", "2", "1"]);
    // The mark has stayed in its row.
    await page.waitForSelector("regular-table tbody tr:nth-child(2) td.marked");

    await page.click(".querybar >> text=Columns");
    await page.fill("[aria-label='Search columns']", "no");
    await page.click("text=Show only these");
    await becomes(() => heads(page), ["note"]);
    await seen(page, "the choice of columns");
    await page.click("text=Show all");
    await page.click("[aria-label='Do not sort']");
    await becomes(() => column(page, 0), ["2", "1", "3", "1"]);
    await cell(page, 0, 0);
    await page.keyboard.press("Shift+F10");
    // What is typed before the new rows are there is for the row that will be there.
    const read = await hold(page, "**/data/query*");
    await page.click("[role=menuitem]:has-text('Insert a row below')");
    await saved(page, 3);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.type("95");
    read();
    await becomes(() => page.inputValue(".cell-editor"), "95");
    await page.keyboard.press("Enter");
    await saved(page, 4);
    await becomes(() => column(page, 0), ["2", "95", "1", "3", "1"]);
    await page.focus("regular-table table");
    for (let i = 0; i < 2; i++) await page.keyboard.press("Control+z");
    await shows(page, ".querybar .count", "4 rows");
    await page.keyboard.press("/");
    await page.waitForSelector(".column-menu input[type=search]");
    await page.keyboard.press("Escape");
    await gone(page, ".column-menu");
    await until(page, () => document.activeElement.closest("regular-table [role=grid]"));
  },

  async "every operation has a form with its trial"(at, { seen }) {
    const { page } = await at({ expected: [422] });
    await openFile(page, trial);
    await page.click(".tools >> text=Clean");
    await page.waitForSelector(".clean");
    const labels = await page.$$eval(".clean label:has-text('Operation') option", (all) => all.map((one) => one.textContent));
    for (const label of labels) {
      await operation(page, label);
      await becomes(() => page.$eval(".clean label:has-text('Operation') select", (select) => select.selectedOptions[0].textContent), label);
      assert.equal(await page.$(".clean .preview"), null, label);
      if (["Rename columns", "Keep and order columns", "Sort the table"].includes(label)) await seen(page, `the form ${label}`);
    }
    await operation(page, "Mark cells as missing on purpose");
    await tick(page, ["dose", "outcome"]);
    await apply(page, /3 cells/);
    await page.waitForSelector("regular-table td.marked");
    await operation(page, "Remove the marks of cells");
    await tick(page, ["outcome"]);
    await apply(page, /2 cells/);
    await operation(page, "Fill missing");
    await page.selectOption(".clean select:has(option[value=mode])", "an empty text");
    await apply(page, /2 rows, 2 cells/);
    await becomes(async () => (await page.$$("regular-table td.empty")).length, 2);
    await cell(page, 0, 3);
    await operation(page, "Set cells to a value");
    await page.selectOption(".clean label:has-text('If no value is typed') select", "an empty text");
    await apply(page, /1 row, 1 cell/);
    await becomes(async () => (await page.$$("regular-table td.empty")).length, 3);
    await operation(page, "Add a column");
    await page.fill("label:has-text('Name of the new column') input", "n");
    await page.fill("label:has-text('Type') input", "int8");
    await page.fill(".clean textarea", "1\n2\n\n4\n5\n");
    await apply(page, "new: n");
    await operation(page, "Rename columns");
    await tick(page, ["id", "site"]);
    await page.fill("label:has-text('New name of id') input", "site");
    await page.fill("label:has-text('New name of site') input", "id");
    await apply(page, /columns: site, id, dose/);
    await operation(page, "Keep and order columns");
    await page.click("[aria-label='outcome: drop']");
    await page.click("[aria-label='n: up']");
    await apply(page, "dropped: outcome");
    await becomes(() => heads(page), ["site", "id", "n", "dose"]);
    await operation(page, "Sort the table");
    await page.selectOption("[aria-label='Column 1']", "id");
    await page.click("text=Then by…");
    await page.selectOption("[aria-label='Column 2']", "n");
    await page.selectOption("[aria-label='Order of n']", "desc");
    await apply(page, /rows at another place/);
    await becomes(() => column(page, 2), ["1", "–", "5", "2", "4"].map((one) => (one === "–" ? "" : one)));
    await cell(page, 1, 2);
    await operation(page, "Set cells to a value");
    await tick(page, ["n"]);
    await page.fill(".clean label:has-text('Value') input", "3");
    await apply(page, /1 row, 1 cell/);
    await operation(page, "Replace text or values");
    await page.selectOption(".clean label:has-text('Whole cells only') select", "yes");
    await page.fill(".clean label:has-text('Find') input", "3");
    await page.selectOption(".clean label:has-text('What is found') select", "yes");
    await apply(page, /1 row, 1 cell/);
    await operation(page, "Insert empty rows");
    await page.fill(".clean label:has-text('How many') input", "2");
    await apply(page, "2 rows inserted");
    await shows(page, ".querybar .count", "7 rows");
    await cell(page, 6, 0);
    await operation(page, "Delete rows");
    await apply(page, /1 row removed/);
    await shows(page, ".querybar .count", "6 rows");
    await operation(page, "Change the type");
    await tick(page, ["dose"]);
    await page.fill(".clean label:has-text('Type') input", "decimal(9, 3)");
    await apply(page, /4 rows, 4 cells/);
    await shows(page, "regular-table thead .dtype", "decimal(9, 3)");
    await operation(page, "Compute a column");
    await page.fill(".clean label:has-text('Column') input", "twice");
    await page.fill(".clean textarea", "2 * doze");
    await page.click(".clean >> text=Preview");
    await shows(page, ".clean .error", /did you mean "dose"/);
  },

  async "spellings that stay text, versions from the bar, and what is left of a session that is gone"(at, { seen }) {
    const { page } = await at({ expected: [404] });
    await upload(page, trial);
    const first = page.url();
    await page.click(".receipt .keep:has-text('None')");
    await page.waitForURL((url) => url.href !== first);
    await until(page, () => document.querySelector(".receipt h1") && !document.querySelector(".keep"));
    await page.click("text=Continue");
    await rows(page);
    await becomes(() => column(page, 3), ["ok", "None", "ok", "None", "ok"]);
    await cell(page, 0, 1);
    await type(page, 'one, "two"');
    await saved(page, 2);
    await page.click(".session-bar .title button[aria-haspopup=menu]");
    await page.click("[role=menuitem]:has-text('Session created')");
    await shows(page, ".state", "You look at version 1");
    await becomes(async () => (await column(page, 1))[0], "A");
    await page.click(".state >> text=Back to the current one");
    await becomes(async () => (await column(page, 1))[0], 'one, "two"');
    await page.click(".tools >> text=Timeline");
    await page.focus(".panel header button");
    await page.keyboard.press("Escape");
    await gone(page, ".panel");
    await until(page, () => document.activeElement.closest("regular-table [role=grid]"));

    await page.evaluate(() => fetch(new URL(`../api/v1/sessions/${location.hash.split("/")[2]}`, document.baseURI), { method: "DELETE" }).then(() => undefined));
    await shows(page, ".state", /gone at \d\d:\d\d/);
    await seen(page, "what is left of a session");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Export what is on screen")]);
    assert.equal(download.suggestedFilename(), "trial-rescued.csv");
    assert.equal(readFileSync(await download.path(), "utf8"), 'id,site,dose,outcome\r\n007,"one, ""two""",1.5,ok\r\n008,B,,None\r\n009,A,0.9,ok\r\n010,C,2.5,None\r\n011,B,0.9,ok\r\n');
    await page.click(".state >> text=Upload again");
    await page.waitForSelector(".receipt .columns tbody tr");
    // It is read as it was before.
    assert.equal(await page.$(".keep"), null);
    await page.click("text=Continue");
    await rows(page);
    await becomes(() => column(page, 1), ["A", "B", "A", "C", "B"]);
  },
};
