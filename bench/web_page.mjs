// One look at Home in Debian's Chromium, for bench/web.py: how long until the jobs are shown, and what was sent over the wire for it.
//
//   node bench/web_page.mjs ADDRESS MODELS        MODELS: how many the server has
import { createRequire } from "node:module";
import { join } from "node:path";

const [address, models] = process.argv.slice(2);
const { chromium } = createRequire(join(import.meta.dirname, "../web/package.json"))("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.DIGITS_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

/** A context of its own has an empty cache. */
async function look() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let sent = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => {
    sent += encodedDataLength;
  });
  const begin = performance.now();
  await page.goto(address, { waitUntil: "commit" });
  await page.locator(".job-table tr[data-job]").first().waitFor();
  const shown = performance.now() - begin;
  await page.getByTestId("tab-model").filter({ hasText: Number(models).toLocaleString("en") }).waitFor();
  await page.waitForLoadState("load");
  // Read to its end, however the list is folded: at least as many answers as it has pages.
  await page.waitForFunction(
    (count) => performance.getEntriesByType("resource").filter((one) => /\/jobs\?kind=model/.test(one.name) && one.responseEnd > 0).length >= count,
    Math.ceil(Number(models) / 500),
    { timeout: 60_000 },
  );
  const all = performance.now() - begin;
  await context.close();
  return { shown, all, sent };
}

try {
  await look();
  const looks = [];
  for (let i = 0; i < 3; i++) looks.push(await look());
  const median = (name) => looks.map((one) => one[name]).sort((a, b) => a - b)[1];
  console.log(JSON.stringify({ shown_ms: median("shown"), all_read_ms: median("all"), first_page_kB: median("sent") / 1000 }));
} finally {
  await browser.close();
}
