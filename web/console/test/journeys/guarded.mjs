// Journeys on a server that asks for tokens, and takes one megabyte at most.
import assert from "node:assert/strict";
import { becomes, cell, column, csv, noise, rows, saved, shows, trial, type } from "../browser.mjs";

const give = async (page, token) => {
  await page.fill("dialog label:has-text('Token') input", token);
  await page.click("dialog >> text=Use this token");
};

export const journeys = {
  async "a refused token, and a file over the limit"(at, { seen, token }) {
    const { page } = await at({ expected: [401, 413] });
    await page.setInputFiles("input[type=file]", trial);
    await shows(page, "dialog", "The server asks for a token");
    await seen(page, "the dialog for a token");
    await give(page, "of somebody else");
    await shows(page, "dialog", "The server asks for a token");
    await give(page, token);
    await page.waitForSelector(".receipt h1");
    await page.click(".brand");
    await page.setInputFiles("input[type=file]", csv("large.csv", `n\n${noise(300_000).join("\n")}\n`));
    await shows(page, ".refusal", /large\.csv was not accepted\..*larger than the 1048576 bytes/);
  },

  async "a link that may only read, in a fresh profile"(at, { seen, token }) {
    const { page } = await at({ expected: [401] });
    await page.setInputFiles("input[type=file]", trial);
    await give(page, token);
    await page.click("text=Continue");
    await rows(page);
    await page.click(".tools >> text=Share…");
    await page.click("dialog >> text=Make a link");
    await page.waitForSelector("dialog input[readonly]");
    await seen(page, "a link with a token");
    const link = await page.inputValue("dialog input[readonly]");
    await page.click("dialog button[aria-label=Close]");
    const other = await at({ url: link, expected: [401, 403] });
    await rows(other.page);
    assert.doesNotMatch(other.page.url(), /token/);
    await becomes(() => column(other.page, 1), ["A", "B", "A", "C", "B"]);
    // What may not be changed is not lost: with a better token it is sent.
    await cell(other.page, 1, 1);
    await type(other.page, "guest");
    await shows(other.page, ".conflict", /site, row 1.*“guest” is not accepted/);
    await shows(other.page, "dialog", "The server asks for a token");
    await give(other.page, token);
    await saved(other.page, 2);
    await shows(page, "regular-table tbody tr:nth-child(2) td", "guest");
  },
};
