// The pages in turn, against a server with one small dataset and a few short trainings; the long list against the mock.
//
//   node tests/e2e/pages.test.mjs    against build/release/digits
//   DIGITS_BUILD=DIR                 takes digits from another folder
//   DIGITS_E2E_SHOTS=DIR             keeps screenshots of the pages there
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { api, build, mnist, root, steps, until } from "./browser.mjs";
import { write_pictures } from "./mnist_pictures.mjs";
import { start_server } from "./running_server.mjs";

let folder;
let server;
let browser;
let page;
const made = { models: [] };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "digits-pages-"));
  write_pictures(join(mnist, "train-images-idx3-ubyte"), join(mnist, "train-labels-idx1-ubyte"), join(folder, "pictures"), 400);
  server = await start_server(join(build, "digits"), ["serve", "--data-dir", join(folder, "data"), "--port", "0", "--root", folder]);
  browser = await browsing.open_page();
  page = browser.page;
  const dataset = await api(server, "POST", "/datasets", {
    name: "Small digits",
    spec: { source: { type: "folder", path: join(folder, "pictures") }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
  });
  made.dataset = dataset.id;
  for (const [name, base_lr] of [
    ["LeNet quick", 0.01],
    ["LeNet slow", 0.001],
  ]) made.models.push((await train(name, { epochs: 2, solver: { base_lr } }, "rates")).id);
  for (const id of made.models) await finished(id);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = steps(
  () => page,
  () => server?.log(),
);
const shot = (name) => browsing.shot(page, name);
const assert_accessible = (where) => browsing.assert_accessible(page, where);
const row = (name) => page.locator(".job-table tr[data-job]").filter({ hasText: name });

function train(name, spec, group = "") {
  return api(server, "POST", "/models", {
    name,
    group,
    spec: { dataset_id: made.dataset, network: { standard: "lenet" }, seed: 1, ...spec },
  });
}

function finished(id) {
  return until(`${id} is finished`, async () => ["done", "abort", "error"].includes((await api(server, "GET", `/jobs/${id}`)).state));
}

step("home: columns, order and groups are chosen and kept", async () => {
  await page.goto(server.address);
  await row("LeNet quick").waitFor();
  assert.match(await page.getByTestId("tab-model").textContent(), /Models 2/);
  assert.match(await page.getByTestId("tab-dataset").textContent(), /Datasets 1/);
  await page.getByRole("button", { name: /Columns/ }).click();
  await page.getByLabel("Last val loss").check();
  await page.getByLabel("Took").uncheck();
  await page.keyboard.press("Escape");
  await page.getByRole("columnheader", { name: "Last val loss" }).waitFor();
  await page.getByRole("button", { name: "Best accuracy" }).click();
  await page.locator('th[aria-sort="descending"]').filter({ hasText: "Best accuracy" }).waitFor();
  const best = (await page.locator(".job-table td[data-label='Best accuracy']").allTextContents()).map((text) => Number.parseFloat(text));
  assert.deepEqual(best, best.toSorted((a, b) => b - a));
  await page.reload();
  await page.getByRole("columnheader", { name: "Last val loss" }).waitFor();
  assert.equal(await page.getByRole("columnheader", { name: "Took" }).count(), 0);
  assert.equal(await page.getByRole("columnheader", { name: /Best accuracy/ }).getAttribute("aria-sort"), "descending");
  await page.getByRole("button", { name: /rates/ }).click();
  assert.equal(await row("LeNet").count(), 0);
  await page.getByRole("button", { name: /rates/ }).click();
  await page.getByLabel("Filter…").fill("slow digits");
  await page.getByText("1 found").waitFor();
  assert.equal(await row("LeNet").count(), 1);
  await page.getByLabel("Filter…").fill("");
});

step("home: what runs stands on top with its curve, and the selected jobs are aborted, moved and deleted", async () => {
  for (const name of ["Long one", "Long two"]) await train(name, { epochs: 5000, snapshot_interval: 0 });
  await page.getByRole("img", { name: /Course of/ }).first().waitFor();
  await page.getByText(/left/).first().waitFor();
  await row("Long one").waitFor();
  await row("Long one").getByRole("checkbox").click();
  await row("Long two").getByRole("checkbox").click();
  await shot("home");
  await assert_accessible("the list of jobs");
  await page.getByRole("button", { name: "Abort…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Abort", exact: true }).click();
  await until("both are aborted", async () => (await page.locator('.job-table [data-state="abort"]').count()) === 2);
  await page.getByRole("button", { name: "Move to group…" }).click();
  await page.getByRole("dialog").getByLabel("Group", { exact: true }).fill("long");
  await page.getByRole("dialog").getByRole("button", { name: "Move", exact: true }).click();
  await page.getByRole("button", { name: /long \(2\)/ }).waitFor();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByText("Long one").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Delete 2" }).click();
  await until("both are gone", async () => (await row("Long").count()) === 0);
  assert.equal((await api(server, "GET", "/jobs?kind=model")).total, 2);
});

step("home: a dataset is deleted only with the models that need it", async () => {
  await page.goto(`${server.address}/?kind=dataset`);
  await row("Small digits").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.getByRole("button", { name: "Delete…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("2 models were trained on them", { exact: false }).waitFor();
  await dialog.getByText("LeNet slow").waitFor();
  await assert_accessible("the dialog that deletes");
  await dialog.getByRole("button", { name: "Cancel" }).click();
});

step("compare: curves over one another, what is different, and the table as CSV", async () => {
  await page.goto(server.address);
  await page.getByLabel("Select the group rates").check();
  await page.getByRole("link", { name: "Compare" }).click();
  await page.waitForURL(/\/compare\?models=/);
  const table = page.getByTestId("compare-table");
  await table.getByText("solver.base_lr").waitFor();
  assert.equal(await table.getByText("epochs", { exact: true }).count(), 0);
  await page.getByLabel("All values").check();
  assert.equal(await table.getByText("epochs", { exact: true }).count(), 1);
  await page.locator(".chart canvas").first().waitFor();
  await shot("compare");
  await assert_accessible("the comparison");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("save-table").click()]);
  const lines = readFileSync(await download.path(), "utf8").split("\r\n");
  assert.deepEqual(lines[0].split(",").slice(1).sort(), ["LeNet quick", "LeNet slow"]);
  assert.deepEqual(lines.find((line) => line.startsWith("solver.base_lr,")).split(",").slice(1).map(Number).sort(), [0.001, 0.01]);
  await page.getByRole("button", { name: "Take LeNet slow out of the comparison" }).click();
  await until("one is left", async () => (await table.locator("thead th").count()) === 1);
});

step("model: another run lies over the curves", async () => {
  await page.goto(`${server.address}/models/${made.models[0]}?tab=curves`);
  const chart = page.locator(".chart canvas").first();
  await chart.waitFor();
  const alone = await chart.evaluate((canvas) => canvas.toDataURL());
  await page.getByRole("combobox", { name: "Other runs in this chart" }).or(page.getByLabel("Other runs in this chart")).first().fill("slow");
  await page.getByRole("option", { name: /LeNet slow/ }).click();
  await page.waitForURL(new RegExp(`with=${made.models[1]}`));
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Compare in full" }).waitFor();
  await until("another drawing", async () => (await chart.evaluate((canvas) => canvas.toDataURL())) !== alone);
  await shot("curves");
  await assert_accessible("the curves of two models");
});

step("a folder on the server is looked for, inside the allowed roots only", async () => {
  const refused = await fetch(`${server.address}/api/v1/browse?path=/etc`);
  assert.equal(refused.status, 403);
  const problem = await refused.json();
  assert.equal(problem.code, "permission_denied");
  assert.match(problem.advice, /--root/);
  assert.equal((await fetch(`${server.address}/api/v1/browse?path=pictures`)).status, 422);
  assert.equal((await fetch(`${server.address}/api/v1/browse?path=${folder}/nothing`)).status, 404);
  symlinkSync("/etc", join(folder, "pictures", "outside"));
  writeFileSync(join(folder, "pictures", ".hidden"), "");
  writeFileSync(join(folder, "pictures", "README.txt"), "ten classes");
  const found = await api(server, "GET", `/browse?path=${folder}/pictures`);
  assert.deepEqual(found, {
    path: realpathSync(join(folder, "pictures")),
    parent: realpathSync(folder),
    entries: [...[..."0123456789"].map((name) => ({ name, kind: "folder", bytes: null })), { name: "README.txt", kind: "file", bytes: 11 }],
    truncated: false,
  });
  assert.equal((await api(server, "GET", "/browse")).parent, null);
  rmSync(join(folder, "pictures", "outside"));
  await page.goto(`${server.address}/datasets/new`);
  await page.getByRole("button", { name: "Browse… Folder of training pictures" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "pictures/" }).click();
  await dialog.getByRole("button", { name: "9/" }).waitFor();
  await shot("browse");
  await assert_accessible("the folder picker");
  await dialog.getByRole("button", { name: "Choose this folder" }).click();
  assert.equal(await page.locator('[name="path"]').inputValue(), realpathSync(join(folder, "pictures")));
  await page.getByTestId("scan").getByText("400 pictures in 10 classes").waitFor();
});

step("home: ten thousand jobs are listed, sorted, selected and scrolled without delay", async () => {
  const many = await start_server(process.execPath, [join(root, "web/mock/serve.ts"), "--many=10000"]);
  try {
    await page.goto(many.address);
    await page.getByTestId("tab-model").filter({ hasText: "10,000" }).waitFor();
    await page.getByRole("button", { name: /Columns/ }).click();
    await page.getByLabel("Under their groups").uncheck();
    await page.keyboard.press("Escape");
    await until("all pages are there", async () => Number(await page.locator(".job-table").getAttribute("aria-rowcount")) === 10_001);
    const before = Date.now();
    await page.getByRole("button", { name: "Best accuracy" }).click();
    await page.locator('th[aria-sort="descending"]').waitFor();
    const sorted_ms = Date.now() - before;
    assert.ok(sorted_ms < 5000, `sorting took ${sorted_ms} ms`);
    const frames = await page.evaluate(async () => {
      const times = [];
      let last = performance.now();
      for (let i = 0; i < 60; i++) {
        window.scrollTo(0, (document.documentElement.scrollHeight * i) / 60);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return times.sort((a, b) => a - b);
    });
    console.log(`sorted in ${sorted_ms} ms; frames while scrolling: median ${frames[30].toFixed(0)} ms, slowest ${frames[59].toFixed(0)} ms`);
    assert.ok(frames[30] < 1000, `a frame takes ${frames[30]} ms`);
    assert.ok((await page.locator(".job-table tr").count()) < 150, "rows out of sight exist");
    await page.evaluate(() => window.scrollTo(0, 0));
    const rows = page.locator(".job-table tr[data-job]");
    await rows.nth(0).getByRole("checkbox").click();
    await rows.nth(9).getByRole("checkbox").click({ modifiers: ["Shift"] });
    await page.getByText("10 selected").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.getByText("10 selected").count(), 0);
  } finally {
    await page.goto("about:blank");
    await many.stop();
  }
});

step("nothing was asked of another machine, and nothing went wrong in the browser", async () => {
  const elsewhere = browser.requests.filter((url) => !/^(http:\/\/127\.0\.0\.1:|data:|blob:|about:)/.test(url));
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(browser.complaints, []);
});
