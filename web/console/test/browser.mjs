// What the journeys have in common: a browser, pages whose errors are collected, and waiting for what they show.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
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
 * How long a page may take to show what is expected, in milliseconds. Only a failure takes as long: a busy machine is
 * slow, and that is none.
 */
const patience = 90_000;

/** How many times pages are slower than the machine, to find what rests on their speed: the variable JOURNEYS_SLOW. */
export const slower = Number(process.env.JOURNEYS_SLOW || 1);

/** What may be shown for a moment only. Each page keeps what it has shown there. */
const passing = [".notice", ".news", ".sending", "[aria-live=polite]"];

/**
 * A page with a profile of its own. Everything that the browser reports is in problems, but for answers with a status
 * of expected, and lost connections if they are expected.
 */
export const newPage = async (browser, url, { expected = [], lost = false, ...options } = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  const problems = [];
  context.setDefaultTimeout(patience);
  await context.addInitScript((passing) => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    globalThis.passed = Object.fromEntries(passing.map((selector) => [selector, new Set()]));
    new MutationObserver(() => {
      for (const selector of passing) for (const one of document.querySelectorAll(selector)) globalThis.passed[selector].add(one.textContent);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  }, passing);
  const watched = async (page) => {
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const status = refused.exec(message.text())?.[1];
      if (status && (expected.includes(Number(status)) || hasNoStream(status, message.location().url))) return;
      if (lost && /net::ERR_/.test(message.text())) return;
      problems.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`error: ${error.stack}`));
    if (slower > 1) await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: slower });
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

/** Waits until a function of the page returns something. */
export const until = (page, seen, argument) => page.waitForFunction(seen, argument, { polling: 50 });

/** Waits until the grid shows rows and takes keys. */
export const rows = (page) => until(page, () => document.querySelector("regular-table [role=grid]") && [...document.querySelectorAll("regular-table tbody th")].some((th) => /^[\d,]+$/.test(th.textContent)));

/** The texts of the cells that are drawn, a list for each row: first its number. */
export const drawn = (page) => page.$$eval("regular-table tbody tr", (lines) => lines.map((line) => [...line.cells].map((cell) => cell.textContent)));

/** The cells of a column that are drawn. */
export const column = async (page, index) => (await drawn(page)).map((line) => line[index + 1]);

/** Waits until read returns what is expected. */
export const becomes = async (read, expected) => {
  for (const end = Date.now() + patience; Date.now() < end && !isDeepStrictEqual(await read(), expected); ) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(await read(), expected);
};

/** The texts of all elements that a selector finds. */
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent).join(" | "));

const matches = ([selector, expected, once]) =>
  (once ? [...globalThis.passed[selector]] : [...document.querySelectorAll(selector)].map((one) => one.textContent)).some((text) => (expected instanceof RegExp ? expected.test(text) : text.includes(expected)));

/** Waits until the text of an element is what is expected. */
export const shows = async (page, selector, expected) => {
  await until(page, matches, [selector, expected, false]).catch(async (error) => assert.fail(`${selector} does not show ${expected}, but ${await texts(page, selector)}: ${error.message}`));
};

/** Waits until the text of an element of passing is what is expected, or has been. */
export const showed = async (page, selector, expected) => {
  await until(page, matches, [selector, expected, true]).catch(async (error) => assert.fail(`${selector} has not shown ${expected}, but ${await shown(page, selector)}: ${error.message}`));
};

/** All texts that an element of passing has had. */
export const shown = (page, selector) => page.evaluate((selector) => [...globalThis.passed[selector]], selector);

/** Waits until nothing is found by a selector. What proves that it was to be gone comes before. */
export const gone = (page, selector) => until(page, (selector) => !document.querySelector(selector), selector);

/** Waits until the session is at a version and has all changes. */
export const saved = (page, version) =>
  until(page, (version) => document.querySelector(".session-bar .title [aria-haspopup=menu]")?.textContent === `v${version}` && !/waiting|saving/.test(document.querySelector(".session-bar").textContent), version);

/** Clicks a cell that is drawn, counted from 0 in what is seen, and waits until it is the active one. */
export const cell = async (page, row, column) => {
  const place = `regular-table tbody tr:nth-child(${row + 1}) td:nth-of-type(${column + 1})`;
  await page.click(place);
  await page.waitForSelector(`${place}#active-cell`);
};

/** Types a value into the active cell. */
export const type = async (page, text) => {
  await page.keyboard.press("Enter");
  await page.fill(".cell-editor", text);
  await page.keyboard.press("Enter");
  await gone(page, ".cell-editor");
};

/** Holds what a page asks for at an address, so that it is seen to wait. The function that is returned lets it pass. */
export const hold = async (page, url) => {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(url, (route) => released.then(() => route.continue()));
  return release;
};

let clipboard = Promise.resolve();

/** Does something with the clipboard, of which the browser has one for all pages. */
export const withClipboard = (use) => (clipboard = clipboard.then(use, use));

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
