// The journeys of a person through the console. Each returns when what it expects is shown, and throws otherwise.
import assert from "node:assert/strict";
import { accessible, cell, drawn, newPage, openFile, rows, shows, type, upload } from "./browser.mjs";

const csv = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

const trial = csv("trial.csv", "id,site,dose,outcome\n007,A,1.50,ok\n008,B,,None\n009,A,0.9,ok\n010,C,2.5,None\n011,B,0.9,ok\n");

export const journeys = {
  async "upload with progress, cancel, receipt, read again"(at) {
    const { page } = await at({ expected: [422] });
    await page.evaluate(() => {
      globalThis.seen = [];
      new MutationObserver(() => globalThis.seen.push(document.querySelector(".sending .soft")?.textContent ?? "")).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    // What is sent slowly shows its progress, and can be cancelled.
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    const speed = (bytes) => wire.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
    await speed(20_000);
    let state = 1;
    const noise = Array.from({ length: 300_000 }, () => (state = (state * 48271) % 2147483647)).join("\n");
    await page.setInputFiles("input[type=file]", csv("slow.csv", `n\n${noise}\n`));
    await shows(page, ".sending .soft", /^[1-9]\d? % · .+ of .+B$/);
    await accessible(page, "the upload");
    await page.click(".sending >> text=Cancel");
    await page.waitForSelector(".drop >> text=Choose a file");
    await speed(-1);
    assert.equal(await page.$(".refusal"), null);
    await page.setInputFiles("input[type=file]", csv("trap.pdf", "%PDF-1.4 no table\u0000"));
    await shows(page, ".refusal", "trap.pdf was not accepted");
    await accessible(page, "the start");
    await upload(page, trial);
    assert.ok(await page.evaluate(() => globalThis.seen.includes("Reading…")));
    await shows(page, ".receipt .samples", /respelled.*1\.50 → 1\.5/);
    await shows(page, ".receipt .samples", /became missing.*None/);
    await accessible(page, "the receipt");
    const first = page.url();
    await page.click("text=Read again with…");
    await page.fill("label:has-text('Spellings of a missing value') input", "(none)");
    await page.click(".parameters >> text=Read again");
    await page.waitForURL((url) => url.href !== first);
    await page.waitForFunction(() => !document.querySelector(".receipt .samples")?.closest("table").textContent.includes("None"));
    await page.selectOption("select[aria-label='Type of id']", "int64");
    await shows(page, ".receipt .samples", /007 → 7/);
    await page.click("text=Continue");
    await rows(page);
    assert.deepEqual((await drawn(page))[1], ["1", "8", "B", "", "None"]);
    await page.click(".brand");
    await shows(page, ".recents", /trial\.csv.*5 × 4.*(5|6)\d minutes left/);
  },

  async "page to the end, sort, filter, edit, undo, by mouse"(at, { vega }) {
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
    await page.keyboard.press("Alt+ArrowDown");
    await page.waitForSelector(".column-menu .values li");
    await page.keyboard.press("Escape");
    await page.evaluate(() => document.querySelector("regular-table").scrollTo({ left: 0 }));
    await page.click("button[aria-label='Menu of US Gross']");
    await page.selectOption(".compare select", "ge");
    await page.fill(".compare input", "400000000");
    await page.click(".compare >> text=Filter");
    await shows(page, ".querybar .count", /^11 of 3,201 rows$/);

    await cell(page, 1, 1);
    await type(page, "600788189");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "600788189");
    await shows(page, ".session-bar", "v2");
    await cell(page, 1, 1);
    await type(page, "many");
    await shows(page, ".conflict", /“many” is not accepted/);
    await accessible(page, "a value that is not accepted");
    await page.click("text=Leave it as it was");
    await page.click("text=Undo");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "600788188");
    await page.click("text=Redo");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "600788189");
    await page.click("button[aria-label='Remove the filter of US Gross']");
    await shows(page, ".querybar .count", /^3,201 rows$/);
  },

  async "clean with a preview, the numbers of a column, versions"(at) {
    const { page } = await at();
    await openFile(page, trial);
    await accessible(page, "the grid");
    await page.click("button[aria-label='Menu of site']");
    await page.waitForSelector(".column-menu .values li");
    await accessible(page, "the menu of a column");
    await page.keyboard.press("Escape");
    await cell(page, 0, 2);
    await page.click(".tools >> text=Column");
    await shows(page, ".summary .numbers", /mean1\.45/);
    await page.waitForSelector(".histogram canvas");
    await accessible(page, "the panel of a column");
    await page.click(".tools >> text=Clean");
    await page.click(".clean >> text=Preview");
    await shows(page, ".clean .preview", /1 row, 1 cell/);
    await accessible(page, "the panel Clean");
    await page.click(".clean >> text=Apply");
    await shows(page, "regular-table tbody tr:nth-child(2) td", "1.2");
    await page.selectOption(".clean select", "compute");
    await page.fill("label:has-text('Column') input", "double");
    await page.fill(".clean textarea", "2 * do");
    await page.press(".clean textarea", "Tab");
    assert.equal(await page.inputValue(".clean textarea"), "2 * dose");
    await page.click(".clean >> text=Preview");
    await shows(page, ".clean .preview", "new: double");
    await page.click(".clean >> text=Apply");
    await shows(page, "regular-table thead th", "double");
    await page.click(".tools >> text=Timeline");
    await shows(page, ".timeline", /v3.*v2.*v1/);
    await accessible(page, "the timeline");
    await page.click(".timeline li:last-child >> text=Look at it");
    await shows(page, ".state", "You look at version 1");
    await page.waitForFunction(() => document.querySelectorAll("regular-table thead tr:first-child th").length === 5);
    await page.click(".state >> text=Restore this version");
    await shows(page, ".timeline", /v4/);
    await shows(page, ".session-bar", "v4");
  },

  async "a block is pasted, rows are inserted and deleted, all by keyboard"(at) {
    const { page } = await at({ permissions: ["clipboard-read", "clipboard-write"] });
    await openFile(page, trial);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Control+c");
    await shows(page, ".notice", "Copied 2 rows");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "B\t\nA\t0.9");
    await page.evaluate(() => navigator.clipboard.writeText('X\t1\n"Y ""z"""\t2\nnew\t3\n'));
    await page.keyboard.press("Control+End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+v");
    await shows(page, ".querybar .count", "6 rows");
    await page.waitForFunction(() => document.querySelector("regular-table tbody tr:nth-child(6) td:nth-of-type(2)")?.textContent === "new");
    const lines = await drawn(page);
    assert.deepEqual(lines.slice(3).map((line) => line.slice(2, 4)), [["X", "1"], ['Y "z"', "2"], ["new", "3"]]);
    await page.keyboard.press("Control+End");
    await page.focus(".querybar button[aria-haspopup=menu]");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await shows(page, ".querybar .count", "5 rows");
    await page.focus("regular-table table");
    await page.keyboard.press("Control+z");
    await shows(page, ".querybar .count", "6 rows");
    await page.keyboard.press("Delete");
    await shows(page, ".session-bar", /v\d/);
    await page.keyboard.press("?");
    await shows(page, "dialog", "Page Down");
    await accessible(page, "the list of keys");
  },

  async "two tabs change one cell, and different cells"(at) {
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
    await shows(page, ".session-bar", "v2");
    await other.keyboard.press("Enter");
    await shows(other, ".conflict", /site, row 0.*somebody set “mine” while you typed “theirs”/);
    await accessible(other, "a conflict");
    await other.click(".conflict button:text-is('Mine')");
    await shows(other, "regular-table tbody tr:first-child td", "theirs");
    await shows(other, ".session-bar", "v3");
    await cell(other, 1, 1);
    await other.keyboard.press("Enter");
    await other.fill(".cell-editor", "left");
    await cell(page, 2, 1);
    await type(page, "right");
    await shows(page, ".session-bar", "v4");
    await other.keyboard.press("Enter");
    await shows(other, ".session-bar", "v5");
    for (const one of [page, other]) {
      await shows(one, "regular-table tbody tr:nth-child(2) td", "left");
      await shows(one, "regular-table tbody tr:nth-child(3) td", "right");
    }
  },

  async "without a network changes wait, and nothing is lost"(at) {
    const { page, context } = await at({ lost: true });
    await openFile(page, trial);
    await context.setOffline(true);
    await cell(page, 0, 1);
    await type(page, "one");
    await type(page, "two");
    await shows(page, ".session-bar", /[12] changes? waiting/);
    await shows(page, "regular-table tbody tr:nth-child(2) td", "two");
    await accessible(page, "changes that wait");
    await context.setOffline(false);
    await shows(page, ".session-bar", /v3/);
    await page.waitForFunction(() => !document.querySelector(".session-bar").textContent.includes("waiting"));
    await page.reload();
    await rows(page);
    assert.deepEqual((await drawn(page)).slice(0, 2).map((line) => line[2]), ["one", "two"]);
  },

  async "a session that is gone stays readable"(at) {
    const { page } = await at({ expected: [404] });
    await openFile(page, trial);
    await page.evaluate(async () => {
      const id = location.hash.split("/")[2];
      await fetch(new URL(`../api/v1/sessions/${id}`, document.baseURI), { method: "DELETE" });
    });
    await shows(page, ".state", /gone at \d\d:\d\d/);
    await shows(page, "regular-table td", "008");
    await accessible(page, "a session that is gone");
    await page.click(".brand");
    await shows(page, ".recents", /trial\.csv.*gone/);
  },

  async "HTML, script and right-to-left text are text, in cells, names and file names"(at) {
    const { page } = await at();
    const hostile = "<img src=x onerror=alert(1)>";
    page.on("dialog", (dialog) => assert.fail(dialog.message()));
    await openFile(page, csv(`${hostile}.csv`, `"${hostile}",__proto__,שם\n"<script>alert(1)</script>","${hostile}",שלום\n`));
    await shows(page, "regular-table td", "<script>alert(1)</script>");
    await shows(page, ".session-bar h1", hostile);
    await page.click(".tools >> text=Column");
    await shows(page, ".summary .top", "<script>");
    await page.click(".tools >> text=Timeline");
    await page.waitForSelector(".timeline li");
    assert.equal(await page.$("img"), null);
  },

  async "health, and a screen of 400 pixels"(at) {
    const { page } = await at({ viewport: { width: 400, height: 800 } });
    await page.click(".status");
    await shows(page, ".health", "The server is healthy");
    await accessible(page, "the health");
    const fits = async (view) => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 400, `${view} is wider than the screen`);
    await fits("the health");
    await page.click(".brand");
    await fits("the start");
    await upload(page, trial);
    await fits("the receipt");
    await page.click("text=Continue");
    await rows(page);
    await page.click(".tools >> text=Clean");
    await page.waitForSelector(".clean");
    await fits("the grid");
    await accessible(page, "the grid on a small screen");
  },
};
