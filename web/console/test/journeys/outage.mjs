// Journeys on a server that has its sessions in Redis, while Redis is killed, and on one that is killed itself.
import assert from "node:assert/strict";
import { ask, becomes, cell, column, gone, openFile, rows, saved, shows, trial, type } from "../browser.mjs";

export const journeys = {
  async "health, while Redis is killed and comes back"(at, { seen, command }) {
    const { page } = await at({ expected: [503] });
    await page.click(".status");
    await shows(page, ".health", "The server is healthy");
    await shows(page, ".health", /store\s*Redis/);
    await shows(page, ".latency-now strong", /ms$/);
    await page.waitForSelector(".latency-now .sparkline polyline", { state: "attached" });
    await shows(page, ".abilities", "Two changes at a time never overwrite one another");
    await seen(page, "the health");
    assert.equal(await page.$(".fallback"), null);
    await command("redis/kill");
    await shows(page, ".fallback", /embedded store, because Redis/);
    await seen(page, "the health without Redis");
    // New tables are taken meanwhile.
    await page.click(".brand");
    await page.waitForSelector(".fallback");
    await openFile(page, trial);
    await command("redis/start");
    await page.click(".status");
    await gone(page, ".fallback");
    await shows(page, ".health", "The server is healthy");
  },

  async "the server is killed while a cell is edited, and started again"(at, { command, mortal }) {
    const { page } = await at({ url: `${mortal}/console/`, lost: true });
    await openFile(page, trial);
    await cell(page, 0, 1);
    await page.keyboard.press("Enter");
    await page.fill(".cell-editor", "one");
    await command("mortal/kill");
    await page.keyboard.press("Enter");
    await type(page, "two");
    await shows(page, ".session-bar", /changes? waiting/);
    await becomes(() => column(page, 1), ["one", "two", "A", "C", "B"]);
    await command("mortal/start");
    await saved(page, 3);
    const { versions } = JSON.parse((await ask(page, "/versions")).text);
    assert.equal(versions.length, 3);
    await page.reload();
    await rows(page);
    await becomes(() => column(page, 1), ["one", "two", "A", "C", "B"]);
  },
};
