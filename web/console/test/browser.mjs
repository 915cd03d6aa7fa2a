// What the journeys have in common: a browser, pages whose errors are collected, and waiting for what they show.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const launch = (args = []) => chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ...args] });

/** Refusals that a journey provokes are reported by the browser as errors. */
const refused = /^Failed to load resource: the server responded with a status of (\d+)/;

/**
 * Whether a refusal says that the server has no stream of events, which the page tries first, or no tokens, for one of
 * which it asks before it opens a WebSocket.
 */
const hasNoStream = (status, url) => ["426", "501"].includes(status) && /\/(events|tokens)$/.test(new URL(url).pathname);

/**
 * A page with a profile of its own. Everything that the browser reports is in problems, but for answers with a status
 * of expected, and lost connections if they are expected.
 */
export const newPage = async (browser, url, { expected = [], lost = false, ...options } = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  const problems = [];
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  const watched = (page) => {
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const status = refused.exec(message.text())?.[1];
      if (status && (expected.includes(Number(status)) || hasNoStream(status, message.location().url))) return;
      if (lost && /net::ERR_/.test(message.text())) return;
      problems.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`error: ${error.stack}`));
  };
  context.on("page", watched);
  const page = await context.newPage();
  await page.goto(url);
  return { page, problems, context };
};

/** A file with a table in it. */
export const csv = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

/** Whole numbers of which each is different, so that they cannot be compressed much. */
export const noise = (n) => {
  let state = 1;
  return Array.from({ length: n }, () => (state = (state * 48271) % 2147483647));
};

export const trial = csv("trial.csv", "id,site,dose,outcome\n007,A,1.50,ok\n008,B,,None\n009,A,0.9,ok\n010,C,2.5,None\n011,B,0.9,ok\n");

/** Uploads a file with the button, and waits for the receipt. */
export const upload = async (page, file) => {
  await page.setInputFiles("input[type=file]", file);
  await page.waitForSelector(".receipt h1");
};

/** Uploads a file and shows its rows. */
export const openFile = async (page, file) => {
  await upload(page, file);
  await page.click("text=Continue");
  await rows(page);
};

/** Waits until the grid shows rows. */
export const rows = (page) => page.waitForFunction(() => [...document.querySelectorAll("regular-table tbody th")].some((th) => /^[\d,]+$/.test(th.textContent)));

/** The texts of the cells that are drawn, a list for each row: first its number. */
export const drawn = (page) => page.$$eval("regular-table tbody tr", (lines) => lines.map((line) => [...line.cells].map((cell) => cell.textContent)));

/** Waits until the text of an element is what is expected. */
export const shows = async (page, selector, expected) => {
  const matches = async () => (await page.$$eval(selector, (all) => all.map((one) => one.textContent))).some((text) => (expected instanceof RegExp ? expected.test(text) : text.includes(expected)));
  for (let tries = 0; tries < 400; tries++) {
    if (await matches()) return;
    await page.waitForTimeout(50);
  }
  assert.fail(`${selector} does not show ${expected}, but ${await page.$$eval(selector, (all) => all.map((one) => one.textContent).join(" | "))}`);
};

/** Clicks a cell that is drawn, counted from 0 in what is seen. */
export const cell = (page, row, column) => page.click(`regular-table tbody tr:nth-child(${row + 1}) td:nth-of-type(${column + 1})`);

/** Types a value into the active cell. */
export const type = async (page, text) => {
  await page.keyboard.press("Enter");
  await page.waitForSelector(".cell-editor");
  await page.fill(".cell-editor", text);
  await page.keyboard.press("Enter");
};

/** Presses Tab until what has the keyboard is called name. */
export const tabTo = async (page, name) => {
  const seen = [];
  for (let tries = 0; tries < 60; tries++) {
    await page.keyboard.press("Tab");
    const label = await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim());
    if (label === name) return;
    seen.push(label.slice(0, 20));
  }
  assert.fail(`Tab does not lead to ${name}, but to ${seen.join(", ")}`);
};

/** Asks the server of the page: the session that is shown, or what is below it. */
export const ask = (page, below = "", options = {}) =>
  page.evaluate(
    async ([below, options]) => {
      const id = location.hash.split(/[/?]/)[2];
      const response = await fetch(new URL(`../api/v1/sessions/${id}${below}`, document.baseURI), options);
      return { status: response.status, text: await response.text() };
    },
    [below, options],
  );

/** Fails if axe-core finds a serious issue in what is shown, in light or dark colours. */
export const accessible = async (page, view) => {
  if (!(await page.evaluate("!!globalThis.axe"))) await page.evaluate(axe);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // Colours are all that differs in the dark.
    const only = colorScheme === "dark" ? `runOnly: ["color-contrast"], ` : "";
    const found = await page.evaluate(`axe.run({ ${only}resultTypes: ["violations"], preload: false })`);
    const serious = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
    assert.deepEqual(
      serious.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).slice(0, 3).join("; ")}`),
      [],
      `${view} in ${colorScheme} colours`,
    );
  }
  await page.emulateMedia({ colorScheme: "light" });
};
